import { formatAddress } from "@freshet/config";
import type { Config } from "@freshet/config";
import { createLogger } from "@freshet/telemetry";
import { ConfigurationError, must } from "@freshet/util";
import { abortOf } from "../start/abort-of.ts";
import { awaitUpstream } from "../start/await-upstream.ts";
import { checkAddresses } from "../start/check-addresses.ts";
import { combinedConfigs, upstreamUrlOf } from "../start/configure.ts";
import { prepareStorage } from "../start/prepare-storage.ts";
import { startServingProcess } from "../start/serving-process.ts";
import { authorityOf, joinCluster } from "./authority-of.ts";
import { MeasuredAuthority } from "./measured-authority.ts";
import { ClusterServer } from "./cluster-server.ts";
import { enginePlans, rpcAddresses } from "./plan.ts";

/**
 * `freshet server`: follows the databases with a slot and a storage of its own, and serves
 * adapters while it leads its region. A standby is the same process that does not lead yet.
 */
export async function runServer(config: Config, options: { signal: AbortSignal }): Promise<void> {
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  await checkAddresses("--rpc-address", rpcAddresses(config));
  const { served, admin, metrics, stop } = await startServingProcess(config, logger);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const authority = new MeasuredAuthority(authorityOf(config, logger), metrics);
  const server = new ClusterServer({ config, authority, served, admin: admin.address, logger });
  let problem: Error | null = null;
  const fail = (error: Error): void => {
    problem ??= error;
    failed.abort();
  };
  try {
    for (const each of combinedConfigs(config)) {
      await prepareStorage(each.storageDir);
      const url = upstreamUrlOf(each);
      await awaitUpstream({ dialect: each.dialect, url, logger, signal });
    }
    served.waitFor("the authority");
    const membership = await joinCluster(authority, () => server.member(), {
      logger,
      signal,
      onUsurped: (reason) => fail(new ConfigurationError(reason)),
    });
    if (membership === null) return;
    server.start(enginePlans(config, membership.token), membership, fail);
    served.waitFor(null);
    const addresses = rpcAddresses(config).map(formatAddress).join(", ");
    logger.info({ addresses, metrics: formatAddress(admin.address) }, "following");
    await abortOf(signal);
    if (problem !== null) throw must<Error>(problem, "it failed");
    await server.handOver();
  } finally {
    await stop();
    server.close();
    // Without the authority nothing can be taken back; what was registered expires.
    await authority.close().catch(() => undefined);
  }
}
