import { hostname } from "node:os";
import type { Config } from "@freshet/config";
import { PRODUCT_VERSION } from "@freshet/server";
import {
  type AdminServer,
  type Metrics,
  startAdminServer,
  watchProcess,
  watchThread,
} from "@freshet/telemetry";
import { type Clock, type Logger, systemClock } from "@freshet/util";
import { ServedDatabases } from "./served-databases.ts";

/** What every role has around its databases: probes, metrics and an orderly end. */
export interface ServingProcess {
  readonly served: ServedDatabases;
  readonly admin: AdminServer;
  /** What the main thread counts for the whole process. */
  readonly metrics: Metrics;
  /** Ends in order: readiness says no, then after the delay everything drains and closes. */
  stop(): Promise<void>;
}

type ServingConfig = Pick<
  Config,
  | "metricsAddress"
  | "drainDelayMs"
  | "drainTimeoutMs"
  | "role"
  | "deployment"
  | "region"
  | "memberName"
>;

export async function startServingProcess(
  config: ServingConfig,
  logger: Logger,
  clock: Clock = systemClock,
): Promise<ServingProcess> {
  const served = new ServedDatabases();
  const admin = await startAdminServer({
    address: config.metricsAddress,
    live: () => served.live(),
    ready: () => served.ready(),
    startup: () => served.startup(),
    metrics: () => served.metrics(),
  });
  const metrics = served.ownMetrics;
  const { role, deployment, region, memberName } = config;
  const member = memberName ?? hostname();
  const build = { version: PRODUCT_VERSION, role, deployment, region, member };
  watchThread(metrics, "main");
  watchProcess(metrics, build, () => served.ready().ok);
  return {
    served,
    admin,
    metrics,
    async stop() {
      const { drainDelayMs, drainTimeoutMs } = config;
      served.announceStop();
      // Whoever never came up says itself why.
      if (served.startup().ok) {
        logger.info({ drainDelayMs, drainLimitMs: drainTimeoutMs }, "stopping");
      }
      // A load balancer that sees this process unready sends nobody here meanwhile.
      if (served.supervisors.length > 0) await clock.wait(drainDelayMs);
      await served.stop(drainTimeoutMs);
      await admin.close();
    },
  };
}
