import { workerData } from "node:worker_threads";
import { type ToAdapter, type ToServer, portLink } from "@freshet/rpc";
import { Metrics, createLogger } from "@freshet/telemetry";
import type { AdapterThreadData } from "./messages.ts";
import { startListeners } from "./listeners.ts";
import { runThread, threadName } from "./thread-host.ts";
import { withTransactionPolicy } from "./transaction-policy.ts";

/** An adapter's thread: a router of its own and one listener for each address. */

const STATUS_INTERVAL_MS = 1_000;

const data = workerData as AdapterThreadData;
const logger = createLogger({ ...data.log, name: threadName(data, data.name) });
const metrics = new Metrics(data.label);

runThread(metrics, logger, async (post) => {
  const onForeignCancel = post;
  const { router, listeners } = await startListeners({
    data,
    logger,
    metrics,
    onForeignCancel,
  });
  const status = setInterval(() => {
    const connections = listeners.reduce((sum, one) => sum + one.statistics().connections, 0);
    const { serving, servingReason } = router;
    post({ kind: "status", status: { connections, serving, servingReason } });
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
    cancel({ threadIndex, key }) {
      listeners[threadIndex - data.threadIndex]?.cancel(Buffer.from(key));
    },
    async stop(drainLimitMs) {
      await Promise.all(listeners.map((listener) => listener.close(drainLimitMs)));
      clearInterval(status);
      await router.close();
    },
  };
});
