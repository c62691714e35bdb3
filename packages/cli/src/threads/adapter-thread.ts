import { workerData } from "node:worker_threads";
import { LeaderLink, type OwnedRouter } from "@freshet/adapter-core";
import { LinkRefused, type ToAdapter, type ToServer, dialTcp, portLink } from "@freshet/rpc";
import { Metrics, createLogger, watchThread } from "@freshet/telemetry";
import { OperationalError, systemClock } from "@freshet/util";
import type { AdapterThreadData, RpcData } from "./messages.ts";
import { MeasuredLinks } from "./measured-links.ts";
import { startListeners } from "./listeners.ts";
import { runThread, threadName } from "./thread-host.ts";
import { threadTracing } from "./thread-tracing.ts";
import { withTransactionPolicy } from "./transaction-policy.ts";

/** An adapter's thread: a router of its own and one listener for each address. */

const STATUS_INTERVAL_MS = 250;

const data = workerData as AdapterThreadData;
const logger = createLogger({ ...data.log, name: threadName(data, data.name) });
const metrics = new Metrics(data.label);
watchThread(metrics, "adapter");

runThread(metrics, logger, async (post) => {
  const onForeignCancel = post;
  const tracing = await threadTracing(data, data.name, logger);
  const { router, listeners } = await startListeners({
    data,
    logger,
    metrics,
    tracer: tracing.tracer,
    onForeignCancel,
  });
  const leaderLink = data.rpc === null ? null : linkToLeader(router, data.rpc);
  if (leaderLink !== null) {
    metrics.onCollect(() => {
      metrics.links.links.set({ end: "adapter" }, leaderLink.connected ? 1 : 0);
    });
  }
  metrics.onCollect(() => metrics.adapter.adapterServing.set(router.serving ? 1 : 0));
  const status = setInterval(() => {
    const links = leaderLink?.connected === true ? 1 : 0;
    const connections = listeners.reduce((sum, one) => sum + one.statistics().connections, 0);
    const { serving, servingReason } = router;
    post({ kind: "status", status: { connections, serving, servingReason, links } });
  }, STATUS_INTERVAL_MS);
  let current: unknown = null;
  return {
    link(port) {
      current = port;
      const link = portLink<ToServer, ToAdapter>(port);
      link.onClose(() => {
        if (current === port) post({ kind: "unlinked" });
      });
      router.attach(withTransactionPolicy(link, data.inTransaction));
    },
    follow: (leader) => leaderLink?.follow(leader),
    cancel({ threadIndex, key }) {
      listeners[threadIndex - data.threadIndex]?.cancel(Buffer.from(key));
    },
    async stop(drainLimitMs) {
      metrics.adapter.draining.set(1);
      await Promise.all(listeners.map((listener) => listener.close(drainLimitMs)));
      clearInterval(status);
      await leaderLink?.close();
      await router.close();
      await tracing.close();
    },
  };
});

/** In separate mode this thread keeps the link to its server itself. */
function linkToLeader(router: OwnedRouter, rpc: RpcData): LeaderLink {
  const { identity, security, timeoutMs } = rpc;
  const clock = systemClock;
  const measured = new MeasuredLinks(metrics, "adapter");
  return new LeaderLink({
    router,
    clock,
    logger,
    dial: async (leader, signal) => {
      const address = leader.addresses[data.dialect];
      if (address === undefined) {
        throw new OperationalError(`server ${leader.name} does not serve ${data.dialect}`);
      }
      const member = data.name;
      const link = await dialTcp({
        ...{ address, identity: { ...identity, member }, security, timeoutMs },
        ...{ term: leader.term, logger, clock, signal },
      }).catch((error: unknown) => {
        if (error instanceof LinkRefused) measured.refused(error.message);
        else metrics.links.dialFailures.inc();
        throw error;
      });
      measured.add(link);
      return withTransactionPolicy(link, data.inTransaction);
    },
  });
}
