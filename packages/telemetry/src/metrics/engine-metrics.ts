import { LONG_SECONDS, type MetricFactory, SLOW_SECONDS } from "./metric-factory.ts";

/** Caches, fills and publications; the engine thread's. */
export function engineMetrics(make: MetricFactory) {
  return {
    serving: make.gauge("serving", "1 while the engine lets caches be answered from", [], "max"),
    caches: make.gauge("caches", "Caches that exist"),
    entryStates: make.gauge("engine_entries", "Keys the engine keeps current", ["cache"]),
    cacheStateBytes: make.gauge("engine_cache_bytes", "Memory of their upkeep", ["cache"]),
    engineEvictions: make.counter(
      "engine_evictions_total",
      "Keys no longer kept current, to keep the memory limit",
    ),
    fillSeconds: make.histogram("fill_seconds", "Time to evaluate an entry", SLOW_SECONDS),
    fillsRefused: make.counter("fills_refused_total", "Fills the engine refused"),
    maintenance: make.gauge("maintenance", "1 in maintenance mode: all is forwarded", [], "max"),
    controlStatements: make.counter(
      "control_statements_total",
      "Statements of Freshet's own that clients sent; outcome: ok, error",
      ["statement", "outcome"],
    ),

    attachedAdapters: make.gauge("attached_adapters", "Adapters linked with the engine"),
    publications: make.counter("publications_total", "Commits published to adapters"),
    publishedEntries: make.counter("published_entries_total", "Entries changed by commits"),
    publishedMessages: make.counter(
      "published_messages_total",
      "Messages that carried them: one an adapter that holds such an entry",
    ),
    publishedBytes: make.counter("published_bytes_total", "Bytes of rows in those messages"),
  };
}

/** Following the database; the engine thread's. */
export function replicationMetrics(make: MetricFactory) {
  return {
    following: make.gauge("replication_following", "1 while the change stream is open", [], "max"),
    lagBytes: make.gauge("replication_lag_bytes", "Upstream log not yet applied", [], "max"),
    retainedBytes: make.gauge("retained_wal_bytes", "Upstream log kept for us", [], "max"),
    silenceSeconds: make.gauge(
      "replication_silence_seconds",
      "Since the change stream last said something; it is nudged every second",
      [],
      "max",
    ),
    commitDelaySeconds: make.histogram(
      "commit_delay_seconds",
      "From the upstream's commit to the commit applied here",
      SLOW_SECONDS,
    ),
    transactions: make.counter("transactions_total", "Upstream transactions applied"),
    applySeconds: make.histogram(
      "apply_seconds",
      "Time to apply and publish a batch of transactions",
      SLOW_SECONDS,
    ),
    streamFailures: make.counter(
      "replication_failures_total",
      "Times the change stream ended or could not be opened",
    ),
    schemaChanges: make.counter("schema_changes_total", "Schema changes met in the stream"),

    tables: make.gauge("tables", "Tables the caches read, by the state of their copy", ["state"]),
    tableRows: make.gauge("table_rows", "Rows of the local copy, all tables"),
    copiedRows: make.counter("copied_rows_total", "Rows read by first copies"),
    copySeconds: make.histogram("copy_seconds", "Time of a table's first copy", LONG_SECONDS),
    copyFailures: make.counter("copy_failures_total", "First copies that failed"),
  };
}

/** The local copy on disk; the engine thread's. */
export function storageMetrics(make: MetricFactory) {
  return {
    storageBytes: make.gauge("storage_bytes", "Size of the local copy on disk"),
    diskFreeBytes: make.gauge(
      "storage_disk_free_bytes",
      "Free space where --storage-dir lies",
      [],
      "min",
    ),
    oldestReaderSeconds: make.gauge(
      "oldest_reader_seconds",
      "Age of the oldest snapshot in use, which keeps space from being used again",
      [],
      "max",
    ),
    checkpointSeconds: make.histogram(
      "checkpoint_seconds",
      "Time to make the local copy durable",
      SLOW_SECONDS,
    ),
  };
}

/** Copies of the storage (`--backup`); the engine thread's. */
export function backupMetrics(make: MetricFactory) {
  return {
    backupAgeSeconds: make.gauge(
      "backup_age_seconds",
      "Since the newest whole backup was made; +Inf while there is none",
      [],
      "max",
    ),
    backupBytes: make.gauge("backup_bytes", "Size of the last backup this process made"),
    backupSeconds: make.gauge("backup_seconds", "Time the last backup took", [], "max"),
    retainedBytes: make.gauge(
      "backup_retained_wal_bytes",
      "Upstream log kept for the newest backup",
      [],
      "max",
    ),
    backups: make.counter("backups_total", "Backups tried; outcome: ok, error", ["outcome"]),
  };
}

export type EngineMetricSet = ReturnType<typeof engineMetrics>;
export type ReplicationMetricSet = ReturnType<typeof replicationMetrics>;
export type StorageMetricSet = ReturnType<typeof storageMetrics>;
export type BackupMetricSet = ReturnType<typeof backupMetrics>;
