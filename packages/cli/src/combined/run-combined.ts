import { formatAddress } from "@freshet/config";
import { createLogger } from "@freshet/telemetry";
import { type Logger, must } from "@freshet/util";
import { abortOf } from "../start/abort-of.ts";
import { awaitUpstream } from "../start/await-upstream.ts";
import { checkAddresses } from "../start/check-addresses.ts";
import { type CombinedConfig, planThreads } from "../start/configure.ts";
import { prepareStorage } from "../start/prepare-storage.ts";
import type { ServedDatabases } from "../start/served-databases.ts";
import { startServingProcess } from "../start/serving-process.ts";
import { Supervisor } from "../threads/supervisor.ts";

export interface RunOptions {
  /** Ends the run in order: drain, close, return. */
  readonly signal: AbortSignal;
  /** Clients can connect. */
  readonly onListening?: () => void;
  /** The engine follows the database; caches can be made and answered from. */
  readonly onOnline?: () => void;
}

/**
 * Adapters and engines in one process, until the signal. Throws ConfigurationError for what a
 * person must mend; whatever happened, nothing runs any more when this returns or throws.
 */
export async function runCombined(
  configs: readonly CombinedConfig[],
  options: RunOptions,
): Promise<void> {
  const config = must(configs[0], "there is a database to serve");
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  await checkAddresses(
    "--address",
    configs.flatMap(({ addresses }) => addresses),
  );
  const { served, admin, stop } = await startServingProcess(config, logger);
  // One that fails ends the others.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const serveAll = configs.map((each) =>
    serve(each, served, logger, signal).catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  try {
    const listening = await allOf(serveAll);
    served.waitFor(null);
    if (!signal.aborted) {
      const addresses = configs.flatMap((each) => each.addresses.map(formatAddress)).join(", ");
      logger.info({ addresses, metrics: formatAddress(admin.address) }, "listening");
      options.onListening?.();
      const aborted = abortOf(signal);
      await Promise.race([Promise.all(listening.map(({ online }) => online)), aborted]);
      if (!signal.aborted) options.onOnline?.();
      await aborted;
    }
  } finally {
    await stop();
  }
}

/** Waits for the upstream, then starts its threads; resolves when clients can connect. */
async function serve(
  config: CombinedConfig,
  served: ServedDatabases,
  logger: Logger,
  signal: AbortSignal,
): Promise<{ readonly online: Promise<void> }> {
  const plan = planThreads(config);
  await prepareStorage(plan.engine.storageDir);
  const { upstreamUrl: url, dialect } = plan.engine;
  await awaitUpstream({ dialect, url, logger, signal });
  if (signal.aborted) return { online: Promise.resolve() };
  const supervisor = new Supervisor({ ...plan, logger });
  served.add(supervisor);
  const { listening, online } = supervisor.start();
  online.catch(() => undefined);
  listening.catch(() => undefined);
  await Promise.race([listening, online.then(() => listening), abortOf(signal)]);
  return { online };
}

/** All have ended when this returns or throws, with the first failure in their order. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
