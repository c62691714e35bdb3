import type { CompiledQuery, EntryLimits } from "@freshet/dataflow";
import { scopeKey, type CacheDefinition, type SessionScope } from "@freshet/rpc";
import type { Store } from "@freshet/storage";
import type { TableId } from "@freshet/types";
import type { Logger } from "@freshet/util";
import type { ServerDialect } from "../dialect.ts";
import type { Adapters } from "../engine/adapters.ts";
import type { BaseTables } from "../engine/base-tables.ts";
import type { CommitLoop } from "../engine/commit-loop.ts";
import { type CacheRecord, LiveCache } from "../engine/live-cache.ts";
import { type Upstream, UpstreamError } from "../replication/contract.ts";
import type { CacheRecords } from "./cache-records.ts";
import { definitionOf, type PreparedCache, prepareCache, refusalOf } from "./prepare.ts";

export interface RegistryOptions {
  readonly records: CacheRecords;
  readonly store: Store;
  readonly upstream: Upstream;
  readonly dialect: ServerDialect;
  readonly tables: BaseTables;
  readonly adapters: Adapters;
  readonly loop: () => CommitLoop;
  readonly logger: Logger;
  readonly entryLimits: EntryLimits;
}

export interface NewCache {
  readonly name: string | null;
  readonly select: string;
  readonly scope: SessionScope;
  readonly inTransaction: CacheDefinition["inTransaction"];
}

/**
 * The defined caches: created, dropped, suspended when their tables change and built again.
 * A record is stored before its cache is announced and removed before it is dropped, so a
 * restart knows exactly what clients were told.
 */
export class CacheRegistry {
  readonly #options: RegistryOptions;
  readonly #caches = new Map<number, LiveCache>();
  /** Records that could not be compiled (yet): kept, shown, forwarded. */
  readonly #unbuilt = new Map<number, { record: CacheRecord; reason: string }>();
  /** What is being built now; its tables are in use already. */
  readonly #building = new Set<CompiledQuery>();
  readonly #attempts = new Map<number, Promise<void>>();

  constructor(options: RegistryOptions) {
    this.#options = options;
    for (const record of options.records.all()) {
      this.#unbuilt.set(record.id, { record, reason: "starting" });
    }
  }

  live(): Iterable<LiveCache> {
    return this.#caches.values();
  }

  get(id: number): LiveCache | null {
    return this.#caches.get(id) ?? null;
  }

  unbuilt(): readonly { readonly record: CacheRecord; readonly reason: string }[] {
    return [...this.#unbuilt.values()];
  }

  definitions(): readonly CacheDefinition[] {
    return [...this.#caches.values()]
      .filter((cache) => cache.ready)
      .map((cache) => cache.definition);
  }

  /** By name or query id. */
  find(name: string): CacheRecord | null {
    for (const cache of this.#caches.values()) {
      if (cache.record.name === name || cache.definition.queryId === name) return cache.record;
    }
    for (const { record } of this.#unbuilt.values()) {
      if (record.name === name) return record;
    }
    return null;
  }

  /** The cache that answers this very query already, frozen literals included. */
  findSame(prepared: PreparedCache, scope: SessionScope): CacheRecord | null {
    for (const { definition, record } of this.#caches.values()) {
      if (definition.scope === scopeKey(scope) && sameQuery(definition, prepared)) return record;
    }
    return null;
  }

  prepare(select: string, scope: SessionScope): Promise<PreparedCache> {
    const { dialect, upstream } = this.#options;
    return prepareCache(dialect, upstream, select, scopeKey(scope), scope.identity);
  }

  /** Resolves when the cache answers. A cache of the same name or query is replaced. */
  async create(request: NewCache, prepared: PreparedCache): Promise<LiveCache> {
    const { upstream, records } = this.#options;
    const allowed = await upstream.mayRead(request.scope.role, prepared.compiled.uses);
    if (!allowed) {
      throw new UpstreamError("42501", "permission denied for a table that the query reads");
    }
    const id = records.takeId();
    const record: CacheRecord = {
      id,
      name: request.name ?? this.#defaultName(id, prepared, request.scope),
      select: request.select,
      database: request.scope.database,
      scopeIdentity: request.scope.identity,
      inTransaction: request.inTransaction,
    };
    const cache = this.#newCache(record, prepared);
    await this.#build(cache);
    const replaced = this.#sameAs(cache);
    // Kept before the others go: whatever happens in between, none is lost.
    records.put(record);
    for (const earlier of replaced) this.drop(earlier);
    this.#announce(cache);
    return cache;
  }

  drop(record: CacheRecord): void {
    const { records, adapters } = this.#options;
    records.delete(record.id);
    this.#caches.delete(record.id);
    this.#unbuilt.delete(record.id);
    adapters.forgetCache(record.id);
    adapters.broadcast({ kind: "cache-dropped", cache: record.id });
  }

  dropAll(): number {
    const records = [...this.#caches.values()].map((cache) => cache.record);
    records.push(...[...this.#unbuilt.values()].map((item) => item.record));
    for (const record of records) this.drop(record);
    return records.length;
  }

  /** Takes caches that read any of the tables out of service at once; statements are forwarded. */
  suspend(tables: ReadonlySet<TableId> | "all", reason: string): void {
    const { adapters } = this.#options;
    for (const cache of [...this.#caches.values()]) {
      if (tables !== "all" && !cache.compiled.uses.some((use) => tables.has(use.table))) continue;
      this.#caches.delete(cache.record.id);
      this.#unbuilt.set(cache.record.id, { record: cache.record, reason });
      adapters.forgetCache(cache.record.id);
      adapters.broadcast({ kind: "cache-dropped", cache: cache.record.id });
    }
  }

  get complete(): boolean {
    return this.#unbuilt.size === 0;
  }

  /**
   * Tries to build every record that is out of service, against the schema of now, and resolves
   * when all attempts have ended. Those that failed keep their reason; try them again later.
   */
  async rebuild(): Promise<void> {
    for (const { record } of this.#unbuilt.values()) {
      if (this.#attempts.has(record.id)) continue;
      const attempt = this.#tryAgain(record).finally(() => this.#attempts.delete(record.id));
      this.#attempts.set(record.id, attempt);
    }
    await Promise.all(this.#attempts.values());
  }

  async #tryAgain(record: CacheRecord): Promise<void> {
    const { logger } = this.#options;
    try {
      const scope = { database: record.database, identity: record.scopeIdentity, role: "" };
      const prepared = await this.prepare(record.select, scope);
      const cache = this.#newCache(record, prepared);
      await this.#build(cache);
      // Dropped while we were building.
      if (!this.#unbuilt.delete(record.id)) return;
      this.#announce(cache);
      logger.info({ cache: record.name }, "cache is in service again");
    } catch (error) {
      const reason = refusalOf(error);
      const item = this.#unbuilt.get(record.id);
      if (item === undefined || item.reason === reason) return;
      item.reason = reason;
      logger.warn({ cache: record.name, reason }, "cache cannot be built; its query is forwarded");
    }
  }

  /** Tables that no cache reads any more. */
  unusedTables(): readonly TableId[] {
    if (this.#unbuilt.size > 0) return [];
    const used = new Set<TableId>();
    for (const cache of this.#caches.values()) {
      for (const use of cache.compiled.uses) used.add(use.table);
    }
    for (const compiled of this.#building) for (const { id } of compiled.tables) used.add(id);
    return this.#options.tables.ids().filter((id) => !used.has(id));
  }

  /** The query id, unless a cache whose frozen literals differ is called that already. */
  #defaultName(id: number, prepared: PreparedCache, scope: SessionScope): string {
    const { queryId } = prepared;
    const holder = this.find(queryId);
    if (holder === null || holder.id === this.findSame(prepared, scope)?.id) return queryId;
    return `${queryId}_${id}`;
  }

  #newCache(record: CacheRecord, prepared: PreparedCache): LiveCache {
    const scope = scopeKey({ database: record.database, identity: record.scopeIdentity });
    const definition = definitionOf(prepared, record, scope);
    return new LiveCache(record, definition, prepared.compiled, this.#options.entryLimits);
  }

  /** On return all that the cache reads is there, and nothing has happened since it was. */
  async #build({ compiled }: LiveCache): Promise<void> {
    const { tables, store, loop } = this.#options;
    this.#building.add(compiled);
    try {
      do {
        await tables.require(compiled.tables);
        for (const index of compiled.indexes) await store.buildIndex(index);
      } while (!compiled.tables.every((schema) => tables.isOnline(schema)));
    } finally {
      this.#building.delete(compiled);
    }
    // A table may have been copied anew while another's index was built.
    for (const index of compiled.indexes) store.ensureIndex(index);
    loop().refreshSnapshot();
  }

  #announce(cache: LiveCache): void {
    cache.state = { kind: "ready" };
    this.#caches.set(cache.record.id, cache);
    this.#options.adapters.definitionAdded(cache.definition);
  }

  #sameAs(cache: LiveCache): readonly CacheRecord[] {
    const same: CacheRecord[] = [];
    for (const other of this.#caches.values()) {
      const { definition } = cache;
      const alike =
        other.definition.scope === definition.scope &&
        other.definition.shape === definition.shape &&
        sameSlots(other.definition.slots, definition.slots);
      if (alike || other.record.name === cache.record.name) same.push(other.record);
    }
    for (const { record } of this.#unbuilt.values()) {
      if (record.name === cache.record.name) same.push(record);
    }
    return same;
  }
}

function sameQuery(definition: CacheDefinition, prepared: PreparedCache): boolean {
  const { shape, compiled } = prepared;
  return definition.shape === shape.text && sameSlots(definition.slots, compiled.slots);
}

function sameSlots(left: CacheDefinition["slots"], right: CacheDefinition["slots"]): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
