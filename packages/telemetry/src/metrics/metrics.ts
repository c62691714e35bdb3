import { AggregatorRegistry, Registry } from "prom-client";
import { type AdapterMetricSet, adapterMetrics } from "./adapter-metrics.ts";
import {
  type ClusterMetricSet,
  clusterMetrics,
  type LeadershipMetricSet,
  leadershipMetrics,
  type LinkMetricSet,
  linkMetrics,
} from "./cluster-metrics.ts";
import {
  type BackupMetricSet,
  backupMetrics,
  type EngineMetricSet,
  engineMetrics,
  type ReplicationMetricSet,
  replicationMetrics,
  type StorageMetricSet,
  storageMetrics,
} from "./engine-metrics.ts";
import { type MetricDefinition, MetricFactory } from "./metric-factory.ts";
import {
  type ProcessMetricSet,
  processMetrics,
  type SupervisionMetricSet,
  supervisionMetrics,
  type ThreadMetricSet,
  threadMetrics,
} from "./process-metrics.ts";

/** What one thread counted, as it is posted to the main thread; structured-clonable. */
export type MetricsSnapshot = readonly object[];

/** Label values past this number become `other`, so that no label set grows without bound. */
const LABEL_LIMIT = 500;

const AREAS = {
  adapter: adapterMetrics,
  engine: engineMetrics,
  replication: replicationMetrics,
  storage: storageMetrics,
  backup: backupMetrics,
  links: linkMetrics,
  cluster: clusterMetrics,
  leadership: leadershipMetrics,
  thread: threadMetrics,
  supervision: supervisionMetrics,
  process: processMetrics,
} as const;

export type MetricArea = keyof typeof AREAS;

export const METRIC_AREAS = Object.keys(AREAS) as readonly MetricArea[];

/**
 * Every metric of the product, one instance per thread, by area. An area is part of a snapshot
 * once the thread has touched it, so an adapter does not say `freshet_is_leader 0`. The main
 * thread merges the threads' snapshots: counters and histograms add up, gauges too, unless `max`
 * or `min` is said where they are defined. Hot paths count in plain numbers and bring them over
 * in an `onCollect` callback.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #collectors: (() => void)[] = [];
  readonly #labels = new Map<string, Set<string>>();
  readonly #areas = new Map<MetricArea, object>();
  readonly #definitions = new Map<MetricArea, readonly MetricDefinition[]>();

  /** `upstream`: the kind of database all this is about, where a process serves several. */
  constructor(upstream: string | null = null) {
    if (upstream !== null) this.registry.setDefaultLabels({ upstream });
  }

  get adapter(): AdapterMetricSet {
    return this.#area("adapter");
  }
  get engine(): EngineMetricSet {
    return this.#area("engine");
  }
  get replication(): ReplicationMetricSet {
    return this.#area("replication");
  }
  get storage(): StorageMetricSet {
    return this.#area("storage");
  }
  get backup(): BackupMetricSet {
    return this.#area("backup");
  }
  get links(): LinkMetricSet {
    return this.#area("links");
  }
  get cluster(): ClusterMetricSet {
    return this.#area("cluster");
  }
  get leadership(): LeadershipMetricSet {
    return this.#area("leadership");
  }
  get thread(): ThreadMetricSet {
    return this.#area("thread");
  }
  get supervision(): SupervisionMetricSet {
    return this.#area("supervision");
  }
  get process(): ProcessMetricSet {
    return this.#area("process");
  }

  /** What the area's metrics are; for the reference and its tests. */
  definitions(area: MetricArea): readonly MetricDefinition[] {
    this.#area(area);
    return this.#definitions.get(area) ?? [];
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
    const label = { cache: name };
    if (this.#areas.has("adapter")) {
      const { hits, misses, entries, cacheBytes } = this.adapter;
      for (const metric of [hits, misses, entries, cacheBytes]) metric.remove(label);
    }
    if (this.#areas.has("engine")) {
      const { entryStates, cacheStateBytes } = this.engine;
      for (const metric of [entryStates, cacheStateBytes]) metric.remove(label);
    }
  }

  #area<A extends MetricArea>(area: A): ReturnType<(typeof AREAS)[A]> {
    let made = this.#areas.get(area);
    if (made === undefined) {
      const factory = new MetricFactory(this.registry);
      made = AREAS[area](factory);
      this.#areas.set(area, made);
      this.#definitions.set(area, factory.definitions);
    }
    return made as ReturnType<(typeof AREAS)[A]>;
  }
}

/** The threads' snapshots merged, in Prometheus' text format. */
export async function renderMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots.map((metrics) => [...metrics])).metrics();
}
