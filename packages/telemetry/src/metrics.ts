import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from "prom-client";

/** What one thread counted, as it is posted to the main thread; structured-clonable. */
export type MetricsSnapshot = readonly object[];

/** Label values past this number become `other`, so that no label set grows without bound. */
const LABEL_LIMIT = 500;

const FAST_SECONDS = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 0.1];
const SLOW_SECONDS = [5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Every metric of the product, one instance per thread. The main thread merges the threads'
 * snapshots: counters and histograms add up, gauges too, unless `max` or `min` is said here.
 * Hot paths count in plain numbers and bring them over in an `onCollect` callback.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #collectors: (() => void)[] = [];
  readonly #labels = new Map<string, Set<string>>();

  readonly hits = this.#counter("hits_total", "Reads answered from a cache", ["cache"]);
  readonly misses = this.#counter("misses_total", "Reads that had to fill a cache", ["cache"]);
  readonly forwards = this.#counter("forwards_total", "Statements sent upstream", ["reason"]);
  readonly hitSeconds = this.#histogram(
    "hit_seconds",
    "From a hit's bytes arriving to its answer written; one hit in sixteen is timed",
    FAST_SECONDS,
  );
  readonly fillSeconds = this.#histogram("fill_seconds", "Time to fill an entry", SLOW_SECONDS);
  readonly stalenessSeconds = this.#histogram(
    "staleness_seconds",
    "From the upstream's commit to the answer's change in the adapter",
    SLOW_SECONDS,
  );
  readonly clientConnections = this.#gauge("client_connections", "Open client connections");
  readonly upstreamConnections = this.#gauge("upstream_connections", "Open upstream connections");
  readonly entries = this.#gauge("entries", "Answers held by adapters", ["cache"]);
  readonly cacheBytes = this.#gauge("cache_memory_bytes", "Memory of a cache's answers", ["cache"]);
  /** Areas: `adapter` (answers) and `engine` (upkeep). */
  readonly memoryBytes = this.#gauge("memory_bytes", "Memory counted per area", ["area"]);
  readonly evictions = this.#counter("evictions_total", "Answers evicted to keep the memory limit");

  readonly transactions = this.#counter("transactions_total", "Upstream transactions applied");
  readonly publications = this.#counter("publications_total", "Messages published to adapters");
  readonly publishedEntries = this.#counter(
    "published_entries_total",
    "Entries changed by commits",
  );
  readonly applySeconds = this.#histogram(
    "apply_seconds",
    "Time to apply and publish a batch of transactions",
    SLOW_SECONDS,
  );
  readonly lagBytes = this.#gauge("replication_lag_bytes", "WAL not yet applied", [], "max");
  readonly retainedBytes = this.#gauge("retained_wal_bytes", "WAL our slot retains", [], "max");
  readonly copiedRows = this.#counter("copied_rows_total", "Rows read by first copies");
  readonly copyingTables = this.#gauge("copying_tables", "Tables whose first copy is running");
  readonly copiedTables = this.#gauge("copied_tables", "Tables with a complete local copy");
  readonly fillsRefused = this.#counter("fills_refused_total", "Fills the engine refused");
  readonly entryStates = this.#gauge("engine_entries", "Keys the engine keeps current", ["cache"]);
  readonly cacheStateBytes = this.#gauge("engine_cache_bytes", "Memory of their upkeep", ["cache"]);
  readonly storageBytes = this.#gauge("storage_bytes", "Size of the local copy on disk");
  readonly oldestReaderSeconds = this.#gauge("oldest_reader_seconds", "Age of the oldest snapshot");
  readonly caches = this.#gauge("caches", "Caches that exist");
  readonly serving = this.#gauge("serving", "1 while caches are answered from", [], "max");

  readonly threads = this.#gauge("threads", "Running threads", ["kind"]);
  readonly restarts = this.#counter("thread_restarts_total", "Threads started again", ["kind"]);

  /** `upstream`: the kind of database all this is about, where a process serves several. */
  constructor(upstream: string | null = null) {
    if (upstream !== null) this.registry.setDefaultLabels({ upstream });
  }

  /** Runs before every snapshot. */
  onCollect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  async snapshot(): Promise<MetricsSnapshot> {
    for (const collector of this.#collectors) collector();
    return this.registry.getMetricsAsJSON();
  }

  /** `value`, or `other` once the label has too many values. */
  bounded(label: string, value: string): string {
    let known = this.#labels.get(label);
    if (known === undefined) this.#labels.set(label, (known = new Set()));
    if (known.has(value)) return value;
    if (known.size >= LABEL_LIMIT) return "other";
    known.add(value);
    return value;
  }

  /** Forgets a dropped cache. */
  removeCache(name: string): void {
    this.#labels.get("cache")?.delete(name);
    for (const metric of [
      this.hits,
      this.misses,
      this.entries,
      this.cacheBytes,
      this.entryStates,
      this.cacheStateBytes,
    ]) {
      metric.remove({ cache: name });
    }
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ ...this.#base(name, help), labelNames });
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: L[] = [],
    aggregator: "sum" | "max" | "min" = "sum",
  ): Gauge<L> {
    return new Gauge({ ...this.#base(name, help), labelNames, aggregator });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ ...this.#base(name, help), buckets });
  }

  #base(name: string, help: string): { name: string; help: string; registers: Registry[] } {
    return { name: `freshet_${name}`, help, registers: [this.registry] };
  }
}

/** The threads' snapshots merged, in Prometheus' text format. */
export async function renderMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots.map((metrics) => [...metrics])).metrics();
}
