import type { EncodedRows } from "@freshet/types";
import type { CacheState } from "./cache-state.ts";
import { Slabs } from "./slabs.ts";
import { StoredEntry } from "./stored-entry.ts";

/**
 * What one answer costs besides its bytes, measured on Node 24 (`router.bench.ts`): the
 * entry object, its places in Map, ring and slab, the headers of its strings.
 */
export const ENTRY_OVERHEAD_BYTES = 200;
/** The view and the list node of one variant. */
export const VARIANT_OVERHEAD_BYTES = 175;

export interface ResultStoreOptions {
  readonly memoryBytes: number;
  readonly entryBytes: number;
  /** The store no longer holds this key and wants no more publications of it. */
  readonly onEvict: (cache: CacheState, key: string) => void;
}

/**
 * The answers of all caches under one memory limit. Eviction is the CLOCK algorithm: an entry
 * used since the hand last passed gets a second round; a new one that is never used again does
 * not, so a scan over many keys leaves what is used in place. Everything here is synchronous; an
 * entry that leaves is told to `onEvict` only when the server must be told.
 */
export class ResultStore {
  readonly slabs = new Slabs();
  readonly #options: ResultStoreOptions;
  readonly #ring: StoredEntry[] = [];
  #hand = 0;
  #bytes = 0;
  evictions = 0;

  constructor(options: ResultStoreOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get entryCount(): number {
    return this.#ring.length;
  }

  /** Keeps a filled answer, or (too large) makes an entry that is only passed on. */
  fill(cache: CacheState, key: string, rows: EncodedRows): { entry: StoredEntry; kept: boolean } {
    this.forget(cache, key);
    const entry = new StoredEntry(this, cache, key, rows);
    const cost = ENTRY_OVERHEAD_BYTES + keyBytes(key) + rows.bytes.length;
    if (cost > this.#options.entryBytes || cost > this.#options.memoryBytes) {
      entry.discard(this.slabs);
      return { entry, kept: false };
    }
    this.#insert(entry, cost);
    this.#shrink(entry);
    return { entry, kept: true };
  }

  /** Puts published rows in the place of an entry that is here; ignored when it is not. */
  replace(cache: CacheState, key: string, rows: EncodedRows | null): void {
    const before = cache.entries.get(key);
    if (before === undefined) return;
    const { referenced } = before;
    this.#remove(before);
    if (rows === null) return;
    const cost = ENTRY_OVERHEAD_BYTES + keyBytes(key) + rows.bytes.length;
    if (cost > this.#options.entryBytes || cost > this.#options.memoryBytes) {
      this.evictions += 1;
      this.#options.onEvict(cache, key);
      return;
    }
    const entry = new StoredEntry(this, cache, before.key, rows);
    this.#insert(entry, cost);
    entry.referenced = referenced;
    this.#shrink(entry);
  }

  /** Drops an entry that the server has already forgotten. */
  forget(cache: CacheState, key: string): void {
    const entry = cache.entries.get(key);
    if (entry !== undefined) this.#remove(entry);
  }

  clear(cache: CacheState): void {
    for (const entry of [...cache.entries.values()]) this.#remove(entry);
  }

  /** Counts a variant; false when the entry would become too large to keep it. */
  countVariant(entry: StoredEntry, key: string, length: number): boolean {
    const cost = VARIANT_OVERHEAD_BYTES + keyBytes(key) + length;
    if (entry.cost + cost > this.#options.memoryBytes) return false;
    this.#count(entry, cost);
    this.#shrink(entry);
    return true;
  }

  #insert(entry: StoredEntry, cost: number): void {
    entry.place = this.#ring.length;
    this.#ring.push(entry);
    entry.cache.entries.set(entry.key, entry);
    this.#count(entry, cost);
  }

  #count(entry: StoredEntry, cost: number): void {
    entry.cost += cost;
    entry.cache.bytes += cost;
    this.#bytes += cost;
  }

  #remove(entry: StoredEntry): void {
    const last = this.#ring.pop() as StoredEntry;
    if (last !== entry) {
      this.#ring[entry.place] = last;
      last.place = entry.place;
    }
    entry.cache.entries.delete(entry.key);
    this.#count(entry, -entry.cost);
    entry.discard(this.slabs);
  }

  /** Evicts until the limit holds, sparing the entry just made. */
  #shrink(spared: StoredEntry): void {
    while (this.#bytes > this.#options.memoryBytes && this.#ring.length > 1) {
      if (this.#hand >= this.#ring.length) this.#hand = 0;
      const entry = this.#ring[this.#hand] as StoredEntry;
      if (entry === spared || entry.referenced) {
        entry.referenced = false;
        this.#hand += 1;
        continue;
      }
      this.evictions += 1;
      this.#remove(entry);
      // The newest entry has taken its place; the hand must not come to it next.
      this.#hand += 1;
      this.#options.onEvict(entry.cache, entry.key);
    }
  }
}

function keyBytes(key: string): number {
  return key.length;
}
