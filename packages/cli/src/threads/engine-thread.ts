import { workerData } from "node:worker_threads";
import { type ServerLink, type ToAdapter, type ToServer, portLink } from "@freshet/rpc";
import { type Engine, type EngineMetrics, startEngine } from "@freshet/server";
import { Metrics, createLogger } from "@freshet/telemetry";
import { ConfigurationError } from "@freshet/util";
import type { EngineThreadData } from "./messages.ts";
import { runThread, threadName } from "./thread-host.ts";

/** The engine's thread: opens the engine and hands it the links that the main thread sends. */

const STATUS_INTERVAL_MS = 1_000;

const data = workerData as EngineThreadData;
const logger = createLogger({ ...data.log, name: threadName(data, "engine") });
const metrics = new Metrics(data.label);

runThread(metrics, logger, async (post, fail) => {
  const engine = await startEngine({
    upstreamUrl: data.upstreamUrl,
    deployment: data.deployment,
    storageDir: data.storageDir,
    memoryLimitBytes: data.memoryLimitBytes,
    disableSetup: data.disableSetup,
    logger,
    metrics: engineMetrics(metrics),
  });
  engine.ready.then(
    () => post({ kind: "online" }),
    (error: unknown) => {
      if (error instanceof ConfigurationError) fail(error);
    },
  );
  metrics.onCollect(() => collect(engine));
  const status = setInterval(() => {
    const { serving, servingReason, position, lastError } = engine.status();
    post({ kind: "status", status: { serving, servingReason, position, lastError } });
  }, STATUS_INTERVAL_MS);
  return {
    link(port, adapter) {
      const link: ServerLink = portLink<ToAdapter, ToServer>(port);
      engine.attach(link, adapter);
    },
    cancel: () => undefined,
    async stop() {
      clearInterval(status);
      await engine.close();
    },
  };
});

function engineMetrics(to: Metrics): EngineMetrics {
  return {
    committed(transactions, seconds) {
      to.transactions.inc(transactions);
      to.applySeconds.observe(seconds);
    },
    published(entries) {
      to.publications.inc();
      to.publishedEntries.inc(entries);
    },
    filled: (seconds) => to.fillSeconds.observe(seconds),
    fillRefused: () => to.fillsRefused.inc(),
    copiedRows: (rows) => to.copiedRows.inc(rows),
  };
}

function collect(engine: Engine): void {
  const { serving, caches, tables, replication, storageBytes, oldestReaderMs } = engine.status();
  metrics.serving.set(serving ? 1 : 0);
  metrics.caches.set(caches.length);
  metrics.entryStates.reset();
  metrics.cacheStateBytes.reset();
  let bytes = 0;
  for (const cache of caches) {
    bytes += cache.bytes;
    const label = { cache: metrics.bounded("cache", cache.name) };
    metrics.entryStates.inc(label, cache.entries);
    metrics.cacheStateBytes.inc(label, cache.bytes);
  }
  metrics.memoryBytes.set({ area: "engine" }, bytes);
  const copied = tables.filter((table) => table.status === "online").length;
  metrics.copiedTables.set(copied);
  metrics.copyingTables.set(tables.filter((table) => table.status === "copying").length);
  metrics.lagBytes.set(replication?.lagBytes ?? 0);
  metrics.retainedBytes.set(replication?.retainedBytes ?? 0);
  metrics.storageBytes.set(storageBytes);
  metrics.oldestReaderSeconds.set(oldestReaderMs / 1000);
}
