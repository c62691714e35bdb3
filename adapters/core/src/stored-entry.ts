import type { ColumnDefinition } from "@freshet/rpc";
import type { EncodedRows } from "@freshet/types";
import type { CacheState } from "./cache-state.ts";
import type { Entry } from "./contract.ts";
import type { ResultStore } from "./result-store.ts";
import type { Slab, SlabOwner, Slabs } from "./slabs.ts";

interface Variant {
  readonly key: string;
  readonly next: Variant | null;
  slab: Slab;
  bytes: Buffer;
}

/**
 * One answer. Its rows never change: a publication puts a new entry in its place, so whoever
 * still renders from this one cannot mix two states, and the variants it adds go nowhere.
 */
export class StoredEntry implements Entry, SlabOwner {
  readonly cache: CacheState;
  readonly key: string;
  readonly rowBytes: number;
  readonly #store: ResultStore;
  readonly #count: number;
  #slab: Slab;
  #end: number;
  #variants: Variant | null = null;
  /** Place in the store's ring; -1 when the store does not hold the entry (any more). */
  place = -1;
  /** Used since the clock hand passed. */
  referenced = false;
  /** As the store counts it: rows, variants, key and overhead. */
  cost = 0;

  constructor(store: ResultStore, cache: CacheState, key: string, rows: EncodedRows) {
    this.#store = store;
    this.cache = cache;
    this.key = key;
    this.#count = rows.count;
    this.rowBytes = rows.bytes.length;
    this.#slab = store.slabs.add(this, rows.bytes);
    this.#end = this.#slab.used;
  }

  get rows(): EncodedRows {
    const bytes = this.#slab.buffer.subarray(this.#end - this.rowBytes, this.#end);
    return { count: this.#count, bytes };
  }

  get columns(): readonly ColumnDefinition[] {
    return this.cache.definition.columns;
  }

  variant(key: string): Buffer | undefined {
    let variant = this.#variants;
    while (variant !== null) {
      if (variant.key === key) return variant.bytes;
      variant = variant.next;
    }
    return undefined;
  }

  addVariant(key: string, bytes: Buffer): void {
    if (this.place < 0 || this.variant(key) !== undefined) return;
    if (!this.#store.countVariant(this, key, bytes.length)) return;
    const slab = this.#store.slabs.add(this, bytes);
    const view = slab.buffer.subarray(slab.used - bytes.length, slab.used);
    this.#variants = { key, next: this.#variants, slab, bytes: view };
  }

  /** Gives the bytes up; what was handed out stays readable. */
  discard(slabs: Slabs): void {
    this.place = -1;
    let variant = this.#variants;
    this.#variants = null;
    slabs.remove(this.#slab, this.rowBytes);
    for (; variant !== null; variant = variant.next) {
      slabs.remove(variant.slab, variant.bytes.length);
    }
  }

  moveOut(slab: Slab): void {
    if (this.place < 0) return;
    const { slabs } = this.#store;
    if (this.#slab === slab) {
      const { bytes } = this.rows;
      this.#slab = slabs.add(this, bytes);
      this.#end = this.#slab.used;
      slab.live -= bytes.length;
    }
    for (let variant = this.#variants; variant !== null; variant = variant.next) {
      if (variant.slab !== slab) continue;
      const { length } = variant.bytes;
      variant.slab = slabs.add(this, variant.bytes);
      variant.bytes = variant.slab.buffer.subarray(variant.slab.used - length, variant.slab.used);
      slab.live -= length;
    }
  }
}
