import { statfsSync } from "node:fs";
import type { Engine, EngineMetrics, EngineStatus } from "@freshet/server";
import type { Metrics, Tracer } from "@freshet/telemetry";

/** Connects what the engine tells with the registry. */
export function engineMetrics(metrics: Metrics, tracer: Tracer): EngineMetrics {
  const { engine, replication, storage } = metrics;
  return {
    tracer,
    committed(transactions, seconds, delaySeconds) {
      replication.transactions.inc(transactions);
      replication.applySeconds.observe(seconds);
      if (delaySeconds !== null) replication.commitDelaySeconds.observe(delaySeconds);
    },
    published(entries, messages, bytes) {
      engine.publications.inc();
      engine.publishedEntries.inc(entries);
      engine.publishedMessages.inc(messages);
      engine.publishedBytes.inc(bytes);
    },
    filled: (seconds) => engine.fillSeconds.observe(seconds),
    fillRefused: () => engine.fillsRefused.inc(),
    evicted: (keys) => engine.engineEvictions.inc(keys),
    controlled: (statement, ok) =>
      engine.controlStatements.inc({ statement, outcome: ok ? "ok" : "error" }),
    copiedRows: (rows) => replication.copiedRows.inc(rows),
    copied(seconds) {
      if (seconds === null) replication.copyFailures.inc();
      else replication.copySeconds.observe(seconds);
    },
    checkpointed: (seconds) => storage.checkpointSeconds.observe(seconds),
    schemaChanged: () => replication.schemaChanges.inc(),
    streamFailed: () => replication.streamFailures.inc(),
  };
}

/** Brings the engine's present state over at every collection. */
export function collectEngine(metrics: Metrics, engine: Engine, storageDir: string): void {
  const backups = { made: 0, failures: 0 };
  metrics.onCollect(() => {
    const status = engine.status();
    collectCaches(metrics, status);
    collectReplication(metrics, status);
    metrics.storage.storageBytes.set(status.storageBytes);
    metrics.storage.oldestReaderSeconds.set(status.oldestReaderMs / 1000);
    metrics.storage.diskFreeBytes.set(freeBytes(storageDir));
    collectBackups(metrics, status, backups);
  });
}

function collectCaches(metrics: Metrics, status: EngineStatus): void {
  const { engine } = metrics;
  engine.serving.set(status.serving ? 1 : 0);
  engine.maintenance.set(status.maintenance ? 1 : 0);
  engine.attachedAdapters.set(status.attachedAdapters);
  engine.caches.set(status.caches.length);
  engine.entryStates.reset();
  engine.cacheStateBytes.reset();
  let bytes = 0;
  for (const cache of status.caches) {
    bytes += cache.bytes;
    const label = { cache: metrics.bounded("cache", cache.name) };
    engine.entryStates.inc(label, cache.entries);
    engine.cacheStateBytes.inc(label, cache.bytes);
  }
  metrics.thread.memoryBytes.set({ area: "engine" }, bytes);
}

function collectReplication({ replication }: Metrics, status: EngineStatus): void {
  const { tables, replication: health, following, silentMs } = status;
  replication.following.set(following ? 1 : 0);
  replication.silenceSeconds.set(silentMs / 1000);
  replication.lagBytes.set(health?.lagBytes ?? 0);
  replication.retainedBytes.set(health?.retainedBytes ?? 0);
  replication.tables.reset();
  let rows = 0;
  for (const table of tables) {
    replication.tables.inc({ state: table.status });
    rows += table.rows;
  }
  replication.tableRows.set(rows);
}

/** `counted`: what was brought over before. */
function collectBackups(
  metrics: Metrics,
  { backup: status }: EngineStatus,
  counted: { made: number; failures: number },
): void {
  if (status === null) return;
  const { backup } = metrics;
  const { lastMs } = status;
  const ageMs = lastMs === null ? Number.POSITIVE_INFINITY : Math.max(0, Date.now() - lastMs);
  backup.backupAgeSeconds.set(ageMs / 1000);
  backup.backupBytes.set(status.lastBytes);
  backup.backupSeconds.set(status.lastSeconds);
  backup.retainedBytes.set(status.retainedBytes ?? 0);
  backup.backups.inc({ outcome: "ok" }, status.made - counted.made);
  backup.backups.inc({ outcome: "error" }, status.failures - counted.failures);
  counted.made = status.made;
  counted.failures = status.failures;
}

/** 0 where it cannot be told. */
function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
