import type { Member, Membership } from "@freshet/cluster";
import { type Config, formatAddress } from "@freshet/config";
import { PROTOCOL_VERSIONS } from "@freshet/rpc";
import { PRODUCT_VERSION } from "@freshet/server";
import { createLogger } from "@freshet/telemetry";
import { messageOf } from "@freshet/util";
import { abortOf } from "../start/abort-of.ts";
import { checkAddresses } from "../start/check-addresses.ts";
import { combinedConfigs } from "../start/configure.ts";
import type { ServedDatabases } from "../start/served-databases.ts";
import { startServingProcess } from "../start/serving-process.ts";
import { Supervisor } from "../threads/supervisor.ts";
import { authorityOf, joinCluster } from "./authority-of.ts";
import { MeasuredAuthority } from "./measured-authority.ts";
import { LeaderChoice } from "./leader-choice.ts";
import { adapterPlans, advertisedHost, clientAddresses, memberName } from "./plan.ts";

/**
 * `freshet adapter`: serves clients, forwards by itself, and answers from caches with the help of
 * its region's leading server, which it finds through the authority. Neither is needed to
 * start.
 */
export async function runAdapter(config: Config, options: { signal: AbortSignal }): Promise<void> {
  const { signal } = options;
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  const configs = combinedConfigs(config);
  const plans = adapterPlans(config);
  await checkAddresses(
    "--address",
    configs.flatMap(({ addresses }) => addresses),
  );
  const { served, admin, metrics, stop } = await startServingProcess(config, logger);
  const authority = new MeasuredAuthority(authorityOf(config, logger), metrics);
  const choice = new LeaderChoice([config.region, ...(config.fallbackRegions ?? [])]);
  const watching = new AbortController();
  try {
    for (const adapters of plans) {
      served.add(
        new Supervisor({
          engine: null,
          adapters,
          logger,
          onUp: (_kind, post) => post({ kind: "leader", leader: choice.leader }),
        }),
      );
    }
    const startAll = served.supervisors.map((supervisor) => supervisor.start().listening);
    served.waitFor(null);
    const stopped = abortOf(signal);
    await Promise.race([Promise.all(startAll), stopped]);
    if (signal.aborted) return;
    const addresses = configs.flatMap((each) => each.addresses.map(formatAddress)).join(", ");
    logger.info({ addresses, metrics: formatAddress(admin.address) }, "listening");
    choice.onChange((leader) => {
      logger.info({ leader: leader?.name ?? null, term: leader?.term }, "the leader is another");
      for (const one of served.supervisors) one.tell("adapter", { kind: "leader", leader });
    });
    choice.watch(authority, watching.signal);
    let membership: Membership | null = null;
    joinCluster(authority, () => member(config, admin.address, served), {
      logger,
      signal,
      onUsurped: (reason) => logger.warn({ reason }, "another adapter has this one's name"),
    }).then(
      (joined) => (membership = joined),
      (error: unknown) => logger.error({ error: messageOf(error) }, "registering failed"),
    );
    await stopped;
    served.announceStop();
    (membership as Membership | null)?.changed();
  } finally {
    await stop();
    watching.abort();
    // Without the authority nothing can be taken back; what was registered expires.
    await authority.close().catch(() => undefined);
  }
}

const startedMs = Date.now();

function member(
  config: Config,
  admin: { readonly host: string; readonly port: number },
  served: ServedDatabases,
): Member {
  return {
    kind: "adapter",
    name: memberName(config),
    region: config.region,
    version: PRODUCT_VERSION,
    protocols: PROTOCOL_VERSIONS,
    addresses: clientAddresses(config),
    adminAddress: formatAddress({ host: advertisedHost(config, admin.host), port: admin.port }),
    startedMs,
    ready: served.ready().ok,
  };
}
