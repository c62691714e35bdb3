import type { CompiledQuery, EntryLimits } from "@freshet/dataflow";
import { scopeKey, type CacheDefinition, type SessionScope } from "@freshet/rpc";
import { Unsupported } from "@freshet/sql";
import type { Store } from "@freshet/storage";
import type { TableId } from "@freshet/types";
import type { Logger } from "@freshet/util";
import type { ServerDialect } from "../dialect.ts";
import type { Adapters } from "../engine/adapters.ts";
import type { BaseTables } from "../engine/base-tables.ts";
import type { CommitLoop } from "../engine/commit-loop.ts";
import { type CacheRecord, LiveCache } from "../engine/live-cache.ts";
import { type Upstream, UpstreamError } from "../replication/contract.ts";
import type { Definitions } from "./definitions.ts";
import type { TableFilter } from "./table-filter.ts";
import { definitionOf, type PreparedCache, prepareCache, refusalOf } from "./prepare.ts";

export interface RegistryOptions {
  readonly definitions: Definitions;
  readonly store: Store;
  readonly upstream: Upstream;
  readonly dialect: ServerDialect;
  readonly tables: BaseTables;
  readonly adapters: Adapters;
  readonly loop: () => CommitLoop;
  readonly logger: Logger;
  readonly entryLimits: EntryLimits;
  readonly filter: TableFilter;
  /** Caches are to be built: defined by another server, or overtaken by a change of a table. */
  readonly onUnbuilt: () => void;
  /** Caches were dropped, whoever did it. */
  readonly onDropped: () => void;
}

const STARTING = "starting";

export interface NewCache {
  readonly name: string | null;
  readonly select: string;
  readonly scope: SessionScope;
  readonly inTransaction: CacheDefinition["inTransaction"];
}

/**
 * The defined caches: created, dropped, suspended when their tables change and built again.
 * A record is stored before its cache is announced and removed before it is dropped, so a
 * restart knows exactly what clients were told. Other servers of the deployment may change the
 * records too: whatever the change, `#reconcile` makes the caches those that are defined.
 */
export class CacheRegistry {
  readonly #options: RegistryOptions;
  readonly #caches = new Map<number, LiveCache>();
  /** Records that could not be compiled (yet): kept, shown, forwarded. */
  readonly #unbuilt = new Map<number, Unbuilt>();
  /** What is being built now; its tables are in use already. */
  readonly #building = new Set<CompiledQuery>();
  readonly #attempts = new Map<number, Promise<void>>();
  /** Built here and about to be defined; the record may come back before the call that puts it. */
  readonly #created = new Map<number, LiveCache>();

  constructor(options: RegistryOptions) {
    this.#options = options;
    for (const record of options.definitions.all()) {
      this.#unbuilt.set(record.id, { record, reason: STARTING });
    }
    options.definitions.onChange(() => this.#reconcile());
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
    const { dialect, upstream, filter } = this.#options;
    return prepareCache({ dialect, upstream, filter, select, scope });
  }

  /** Resolves when the cache answers. A cache of the same name or query is replaced. */
  async create(request: NewCache, prepared: PreparedCache): Promise<LiveCache> {
    const { upstream, definitions } = this.#options;
    const allowed = await upstream.mayRead(request.scope.role, prepared.compiled.uses);
    if (!allowed) {
      throw new UpstreamError("42501", "permission denied for a table that the query reads");
    }
    const id = await definitions.takeId();
    const record: CacheRecord = {
      id,
      name: request.name ?? this.#defaultName(id, prepared, request.scope),
      select: request.select,
      database: request.scope.database,
      scopeIdentity: request.scope.identity,
      inTransaction: request.inTransaction,
    };
    const cache = this.#newCache(record, prepared);
    const { compiled } = cache;
    await this.#build(cache);
    this.#checkAllowed(compiled);
    this.#building.add(compiled);
    this.#created.set(id, cache);
    try {
      // Announced by `#reconcile`, as soon as the record is there.
      await definitions.put(record, (other) => this.#isReplacedBy(other, cache));
    } finally {
      this.#created.delete(id);
      this.#building.delete(compiled);
    }
    await this.#attempts.get(id);
    return cache;
  }

  /** Returns how many there were. */
  drop(matches: (record: CacheRecord) => boolean): Promise<number> {
    return this.#options.definitions.remove(matches);
  }

  /** Drops what is not defined any more and takes up what is new. */
  #reconcile(): void {
    const { definitions, onUnbuilt, onDropped } = this.#options;
    const defined = new Map(definitions.all().map((record) => [record.id, record]));
    let [dropped, unbuilt] = [false, false];
    for (const { record } of [...this.#caches.values(), ...this.#unbuilt.values()]) {
      const now = defined.get(record.id);
      if (now !== undefined && sameRecord(now, record)) continue;
      this.#forget(record.id);
      dropped = true;
    }
    for (const record of defined.values()) {
      if (this.#caches.has(record.id) || this.#unbuilt.has(record.id)) continue;
      const cache = this.#created.get(record.id);
      if (cache !== undefined && this.#stillWhole(cache)) {
        this.#announce(cache);
      } else {
        this.#unbuilt.set(record.id, { record, reason: STARTING });
        unbuilt = true;
      }
    }
    if (dropped) onDropped();
    if (unbuilt) onUnbuilt();
  }

  #forget(id: number): void {
    const { adapters } = this.#options;
    this.#caches.delete(id);
    this.#unbuilt.delete(id);
    adapters.forgetCache(id);
    adapters.broadcast({ kind: "cache-dropped", cache: id });
  }

  /** While its record was being written, were its tables left as they were when it was built? */
  #stillWhole({ compiled }: LiveCache): boolean {
    const { tables } = this.#options;
    if (!compiled.tables.every((schema) => tables.isOnline(schema))) return false;
    this.#ensureIndexes(compiled);
    return true;
  }

  /** Takes caches that read any of the tables out of service at once; statements are forwarded. */
  suspend(tables: ReadonlySet<TableId> | "all", reason: string): void {
    const { adapters } = this.#options;
    for (const [id, { compiled }] of this.#created) {
      const isConcerned = compiled.uses.some((use) => tables === "all" || tables.has(use.table));
      if (isConcerned) this.#created.delete(id);
    }
    for (const cache of [...this.#caches.values()]) {
      if (tables !== "all" && !cache.compiled.uses.some((use) => tables.has(use.table))) continue;
      this.#caches.delete(cache.record.id);
      this.#unbuilt.set(cache.record.id, { record: cache.record, reason });
      adapters.forgetCache(cache.record.id);
      adapters.broadcast({ kind: "cache-dropped", cache: cache.record.id });
    }
  }

  /** Takes caches out of service that read a table which the filter does not allow any more. */
  suspendRefused(): void {
    const refused = new Map<TableId, string>();
    for (const { compiled } of [...this.#caches.values(), ...this.#created.values()]) {
      for (const schema of compiled.tables) {
        const reason = this.#options.filter.refusal(schema);
        if (reason !== null) refused.set(schema.id, reason);
      }
    }
    for (const [table, reason] of refused) this.suspend(new Set([table]), reason);
  }

  get complete(): boolean {
    return this.#unbuilt.size === 0;
  }

  /**
   * Tries to build every record that is out of service, against the schema of now, and resolves
   * when all attempts have ended. Those that failed keep their reason; try them again later.
   */
  async rebuild(): Promise<void> {
    for (const item of this.#unbuilt.values()) {
      const { record } = item;
      if (this.#attempts.has(record.id)) continue;
      const attempt = this.#tryAgain(item).finally(() => this.#attempts.delete(record.id));
      this.#attempts.set(record.id, attempt);
    }
    await Promise.all(this.#attempts.values());
  }

  async #tryAgain(item: Unbuilt): Promise<void> {
    const { logger } = this.#options;
    const { record } = item;
    try {
      const scope = { database: record.database, identity: record.scopeIdentity, role: "" };
      const prepared = await this.prepare(record.select, scope);
      const cache = this.#newCache(record, prepared);
      await this.#build(cache);
      this.#checkAllowed(cache.compiled);
      // Dropped while we were building.
      if (this.#unbuilt.get(record.id) !== item) return;
      this.#unbuilt.delete(record.id);
      this.#announce(cache);
      logger.info({ cache: record.name }, "cache is in service again");
    } catch (error) {
      const reason = refusalOf(error);
      if (this.#unbuilt.get(record.id) !== item || item.reason === reason) return;
      item.reason = reason;
      logger.warn({ cache: record.name, reason }, "cache cannot be built; its query is forwarded");
    }
  }

  /** Tables that no cache reads any more; while one is out of service only those it may not. */
  unusedTables(): readonly TableId[] {
    const { tables, filter } = this.#options;
    const used = new Set<TableId>();
    for (const cache of this.#caches.values()) {
      for (const use of cache.compiled.uses) used.add(use.table);
    }
    for (const compiled of this.#building) for (const { id } of compiled.tables) used.add(id);
    const unused = tables.ids().filter((id) => !used.has(id));
    if (this.#unbuilt.size === 0) return unused;
    return unused.filter((id) => {
      const schema = tables.schema(id);
      return schema !== null && filter.refusal(schema) !== null;
    });
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
    const { tables, store } = this.#options;
    this.#building.add(compiled);
    try {
      do {
        this.#checkAllowed(compiled);
        await tables.require(compiled.tables);
        for (const index of compiled.indexes) await store.buildIndex(index);
      } while (!compiled.tables.every((schema) => tables.isOnline(schema)));
    } finally {
      this.#building.delete(compiled);
    }
    this.#ensureIndexes(compiled);
  }

  /** The filter may have changed since the statement was prepared. */
  #checkAllowed({ tables }: CompiledQuery): void {
    for (const schema of tables) {
      const refused = this.#options.filter.refusal(schema);
      if (refused !== null) throw new Unsupported(refused);
    }
  }

  /** A table may have been copied anew while another's index was built. */
  #ensureIndexes({ indexes }: CompiledQuery): void {
    for (const index of indexes) this.#options.store.ensureIndex(index);
    this.#options.loop().refreshSnapshot();
  }

  #announce(cache: LiveCache): void {
    cache.state = { kind: "ready" };
    this.#caches.set(cache.record.id, cache);
    this.#options.adapters.definitionAdded(cache.definition);
  }

  /** A cache of the same name, or of the same query as far as we have built it. */
  #isReplacedBy(other: CacheRecord, { record, definition }: LiveCache): boolean {
    if (other.name === record.name) return true;
    const live = this.#caches.get(other.id);
    if (live === undefined) return sameSelect(other, record);
    return (
      live.definition.scope === definition.scope &&
      live.definition.shape === definition.shape &&
      sameSlots(live.definition.slots, definition.slots)
    );
  }
}

interface Unbuilt {
  readonly record: CacheRecord;
  reason: string;
}

function sameSelect(left: CacheRecord, right: CacheRecord): boolean {
  return (
    left.select === right.select &&
    left.database === right.database &&
    left.scopeIdentity === right.scopeIdentity
  );
}

function sameRecord(left: CacheRecord, right: CacheRecord): boolean {
  return (
    left.name === right.name &&
    left.inTransaction === right.inTransaction &&
    sameSelect(left, right)
  );
}

function sameQuery(definition: CacheDefinition, prepared: PreparedCache): boolean {
  const { shape, compiled } = prepared;
  return definition.shape === shape.text && sameSlots(definition.slots, compiled.slots);
}

function sameSlots(left: CacheDefinition["slots"], right: CacheDefinition["slots"]): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
