import type { Adapters, PublishedEntry } from "./adapters.ts";
import type { LiveCache } from "./live-cache.ts";
import type { EngineMetrics } from "./metrics.ts";

/** How far below the limit an eviction goes, so that the next one is not due at once. */
const EVICT_TO = 0.9;

export interface MemoryKeeperOptions {
  readonly limitBytes: number;
  readonly caches: () => Iterable<LiveCache>;
  readonly adapters: Adapters;
  readonly position: () => string;
  readonly metrics: Pick<EngineMetrics, "evicted">;
}

/** Keeps the state of all filled keys within a limit: the largest cache gives up its oldest keys. */
export class MemoryKeeper {
  readonly #options: MemoryKeeperOptions;

  constructor(options: MemoryKeeperOptions) {
    this.#options = options;
  }

  enforce(): void {
    const { limitBytes, caches, adapters, position, metrics } = this.#options;
    let bytes = 0;
    for (const cache of caches()) bytes += cache.entries.bytes;
    if (bytes <= limitBytes) return;
    const evicted: PublishedEntry[] = [];
    const largestFirst = [...caches()].sort(
      (left, right) => right.entries.bytes - left.entries.bytes,
    );
    for (const cache of largestFirst) {
      bytes -= this.#evict(cache, bytes - limitBytes * EVICT_TO, evicted);
      if (bytes <= limitBytes * EVICT_TO) break;
    }
    metrics.evicted(evicted.length);
    adapters.publish(position(), 0, evicted);
    for (const { cache, key } of evicted) adapters.forgetKey(cache, key);
  }

  /** Returns the bytes that became free. */
  #evict(cache: LiveCache, wantedBytes: number, evicted: PublishedEntry[]): number {
    const { entries, record } = cache;
    const beforeBytes = entries.bytes;
    for (const key of this.#options.adapters.keysOf(record.id)) {
      if (beforeBytes - entries.bytes >= wantedBytes) break;
      entries.evict(key);
      evicted.push({ cache: record.id, key, rows: null });
    }
    return beforeBytes - entries.bytes;
  }
}
