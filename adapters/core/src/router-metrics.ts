import type { Metrics } from "@freshet/telemetry";
import type { CacheState } from "./cache-state.ts";
import type { ForwardReason } from "./contract.ts";
import type { ResultStore } from "./result-store.ts";

/**
 * Counts in plain numbers on the hot path and brings them over to the registry when a snapshot
 * is taken.
 */
export class RouterMetrics {
  readonly #metrics: Metrics | undefined;
  readonly #store: ResultStore;
  readonly #forwards = new Map<ForwardReason, { count: number }>();
  #evictionsCollected = 0;

  constructor(
    metrics: Metrics | undefined,
    store: ResultStore,
    caches: () => Iterable<CacheState>,
  ) {
    this.#metrics = metrics;
    this.#store = store;
    metrics?.onCollect(() => this.#collect(caches()));
  }

  countForward(reason: ForwardReason): void {
    const counter = this.#forwards.get(reason);
    if (counter !== undefined) counter.count += 1;
    else this.#forwards.set(reason, { count: 1 });
  }

  observeStaleness(ms: number): void {
    this.#metrics?.adapter.stalenessSeconds.observe(Math.max(0, ms) / 1000);
  }

  removeCache(cache: CacheState): void {
    this.#metrics?.removeCache(cache.definition.name);
  }

  #collect(caches: Iterable<CacheState>): void {
    const metrics = this.#metrics;
    if (metrics === undefined) return;
    let flights = 0;
    for (const cache of caches) {
      flights += cache.flights.size;
      const labels = { cache: metrics.bounded("cache", cache.definition.name) };
      metrics.adapter.hits.inc(labels, cache.hitsUncollected);
      metrics.adapter.misses.inc(labels, cache.missesUncollected);
      cache.hitsUncollected = 0;
      cache.missesUncollected = 0;
      metrics.adapter.entries.set(labels, cache.entries.size);
      metrics.adapter.cacheBytes.set(labels, cache.bytes);
    }
    metrics.adapter.fillsInFlight.set(flights);
    for (const [reason, counter] of this.#forwards) {
      metrics.adapter.forwards.inc({ reason }, counter.count);
      counter.count = 0;
    }
    metrics.adapter.evictions.inc(this.#store.evictions - this.#evictionsCollected);
    this.#evictionsCollected = this.#store.evictions;
    metrics.thread.memoryBytes.set({ area: "adapter" }, this.#store.bytes);
  }
}
