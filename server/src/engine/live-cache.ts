import type { CompiledQuery, EntryLimits, EntrySet } from "@freshet/dataflow";
import type { CacheDefinition } from "@freshet/rpc";
import type { TableId } from "@freshet/types";

/** What is remembered of a cache across restarts. `select` is a byte string. */
export interface CacheRecord {
  readonly id: number;
  readonly name: string;
  readonly select: string;
  readonly database: string;
  readonly scopeIdentity: string;
  readonly inTransaction: CacheDefinition["inTransaction"];
}

export type CacheState =
  | { readonly kind: "building" }
  | { readonly kind: "ready" }
  /** Statements are forwarded; the reason is shown. */
  | { readonly kind: "suspended"; readonly reason: string };

/**
 * A defined cache: its record, and while it is ready the compiled query and the filled keys.
 * `entries` is replaced by an empty set whenever exactness was in doubt.
 */
export class LiveCache {
  readonly record: CacheRecord;
  definition: CacheDefinition;
  state: CacheState = { kind: "building" };
  hits = 0;
  fills = 0;
  #compiled: CompiledQuery;
  #entries: EntrySet;
  readonly #limits: EntryLimits;

  constructor(
    record: CacheRecord,
    definition: CacheDefinition,
    compiled: CompiledQuery,
    limits: EntryLimits,
  ) {
    this.record = record;
    this.definition = definition;
    this.#compiled = compiled;
    this.#limits = limits;
    this.#entries = compiled.open(limits);
  }

  get compiled(): CompiledQuery {
    return this.#compiled;
  }

  get entries(): EntrySet {
    return this.#entries;
  }

  get ready(): boolean {
    return this.state.kind === "ready";
  }

  reads(table: TableId): boolean {
    return this.#compiled.uses.some((use) => use.table === table);
  }

  /** Forgets every filled key. */
  clear(): void {
    this.#entries = this.#compiled.open(this.#limits);
  }

  /** The same query compiled against a changed schema. */
  replace(definition: CacheDefinition, compiled: CompiledQuery): void {
    this.definition = definition;
    this.#compiled = compiled;
    this.clear();
  }
}
