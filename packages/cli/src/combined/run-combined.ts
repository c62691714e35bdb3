import { mkdir } from "node:fs/promises";
import { formatAddress } from "@freshet/config";
import { createLogger, startAdminServer } from "@freshet/telemetry";
import { ConfigurationError } from "@freshet/util";
import { awaitUpstream } from "./await-upstream.ts";
import { checkAddresses } from "./check-addresses.ts";
import { type CombinedConfig, planThreads } from "./configure.ts";
import { Supervisor } from "./supervisor.ts";

export interface RunOptions {
  /** Ends the run in order: drain, close, return. */
  readonly signal: AbortSignal;
  /** Clients can connect. */
  readonly onListening?: () => void;
  /** The engine follows the database; caches can be made and answered from. */
  readonly onOnline?: () => void;
}

/**
 * Adapters and engine in one process, until the signal. Throws ConfigurationError for what a
 * person must mend; whatever happened, nothing runs any more when this returns or throws.
 */
export async function runCombined(config: CombinedConfig, options: RunOptions): Promise<void> {
  const { signal } = options;
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  const plan = planThreads(config);
  await checkAddresses("--address", config.addresses);
  await prepareStorage(plan.engine.storageDir);
  let supervisor: Supervisor | null = null;
  const starting = { ok: false, detail: { reason: "waiting for the upstream" } };
  const admin = await startAdminServer({
    address: config.metricsAddress,
    live: () => supervisor?.live() ?? { ...starting, ok: true },
    ready: () => supervisor?.ready() ?? starting,
    metrics: async () => (supervisor === null ? "" : supervisor.metrics()),
  });
  try {
    await awaitUpstream({ url: plan.engine.upstreamUrl, logger, signal });
    if (signal.aborted) return;
    supervisor = new Supervisor({ ...plan, logger });
    const { listening, online } = supervisor.start();
    const aborted = abortOf(signal);
    online.catch(() => undefined);
    listening.catch(() => undefined);
    await Promise.race([listening, online.then(() => listening), aborted]);
    if (!signal.aborted) {
      const addresses = config.addresses.map(formatAddress).join(", ");
      logger.info({ addresses, metrics: formatAddress(admin.address) }, "listening");
      options.onListening?.();
      await Promise.race([online, aborted]);
    }
    if (!signal.aborted) options.onOnline?.();
    await aborted;
    logger.info({ drainLimitMs: config.drainTimeoutMs }, "stopping");
  } finally {
    await supervisor?.stop(config.drainTimeoutMs);
    await admin.close();
  }
}

async function prepareStorage(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new ConfigurationError(
      `--storage-dir ${directory} cannot be created (${code}): choose a directory this account may write to.`,
      { cause },
    );
  }
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
