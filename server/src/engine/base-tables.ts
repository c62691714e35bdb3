import type { Row, TableId, TableSchema } from "@freshet/types";
import type { Store, WriteBatch } from "@freshet/storage";
import { type Clock, type Logger, OperationalError, messageOf } from "@freshet/util";
import type {
  StreamChange,
  StreamTransaction,
  TableCopy,
  Upstream,
} from "../replication/contract.ts";
import { ChangeApplier } from "./change-applier.ts";
import { DeferredChanges } from "./deferred-changes.ts";
import type { EngineMetrics } from "./metrics.ts";

export interface TableProgress {
  readonly schema: TableSchema;
  readonly status: "preparing" | "copying" | "catching up" | "online" | "failed";
  readonly rows: number;
  readonly estimatedRows: number;
  readonly reason: string;
}

interface BaseTable {
  readonly schema: TableSchema;
  status: TableProgress["status"];
  rows: number;
  estimatedRows: number;
  reason: string;
  readonly abort: AbortController;
  /** While not online: the copy decides which transactions it contains already. */
  copy: TableCopy | null;
  readonly deferred: DeferredChanges;
  /** Never rejects: `failure` says why it came to nothing. */
  ready: Promise<void>;
  failure: unknown;
  /** The upstream's, of when the copy began; see `Upstream.evidenceOf`. */
  evidence: unknown;
}

export interface BaseTablesOptions {
  readonly store: Store;
  readonly upstream: Upstream;
  readonly logger: Logger;
  /** Resolves when the engine has applied everything up to the position. */
  readonly waitForPosition: (position: string, signal: AbortSignal) => Promise<void>;
  /** Everything up to here is applied; null before the stream said anything. */
  readonly visiblePosition: () => string | null;
  /** Rows or a table came to the store that snapshots taken before do not contain. */
  readonly contentChanged: () => void;
  /** A cache wants the table in another definition than we hold: nobody may use ours any more. */
  readonly superseded: (table: TableId) => void;
  readonly metrics: EngineMetrics;
  readonly clock: Clock;
}

/** Times that a table may be copied anew while a cache waits for all of its tables. */
const REQUIRE_ATTEMPTS = 10;
/** Changes set aside during a copy that are applied in one write. */
const CATCH_UP_CHANGES = 2_000;

/**
 * The tables kept locally and their first copies.
 *
 * Invariant: a table is online from position P on, where every transaction its copy includes
 * ends at or before P and every later one is applied. Until then its stream changes are set
 * aside (`DeferredChanges`) and applied in the one write that puts it online, so nobody ever sees
 * a table older or newer than the store's position. A failed or restarted copy starts from nothing.
 */
export class BaseTables {
  readonly #tables = new Map<TableId, BaseTable>();
  readonly #options: BaseTablesOptions;
  /** When a copy was last completed, ms since the epoch. */
  lastCopyMs: number | null = null;
  #running = 0;
  readonly #queue: (() => void)[] = [];

  constructor(options: BaseTablesOptions) {
    this.#options = options;
  }

  progress(): readonly TableProgress[] {
    return [...this.#tables.values()];
  }

  schema(table: TableId): TableSchema | null {
    return this.#tables.get(table)?.schema ?? null;
  }

  ids(): readonly TableId[] {
    return [...this.#tables.keys()];
  }

  isOnline(schema: TableSchema): boolean {
    const table = this.#tables.get(schema.id);
    return table?.status === "online" && table.schema.generation === schema.generation;
  }

  /** Tables whose changes must not be missed: complete copies and those that are under way. */
  followed(): readonly TableSchema[] {
    return [...this.#tables.values()]
      .filter((table) => table.status === "online" || table.copy !== null)
      .map((table) => table.schema);
  }

  evidence(id: TableId): unknown {
    return this.#tables.get(id)?.evidence ?? null;
  }

  /** Tables that a previous run finished; they need no copy. */
  adopt(schema: TableSchema, rows: number, evidence: unknown): void {
    this.#tables.set(schema.id, {
      ...newTable(schema),
      evidence,
      status: "online",
      rows,
      estimatedRows: rows,
      ready: Promise.resolve(),
    });
  }

  /**
   * Resolves when all the tables are online at once; copies those that are missing or different.
   * A table can begin to be copied anew while another is waited for, so all are looked at again.
   */
  async require(schemas: readonly TableSchema[]): Promise<void> {
    for (const { id, generation } of schemas) {
      const table = this.#tables.get(id);
      if (table?.status === "failed") this.forget(id);
      else if (table !== undefined && table.schema.generation !== generation) {
        this.#options.superseded(id);
        this.forget(id);
      }
    }
    for (let attempt = 0; attempt < REQUIRE_ATTEMPTS; attempt += 1) {
      for (const schema of schemas) if (!this.#tables.has(schema.id)) this.#begin(schema);
      await Promise.all(schemas.map((schema) => this.#tables.get(schema.id)!.ready));
      if (schemas.every((schema) => this.isOnline(schema))) return;
      for (const { id, name, generation } of schemas) {
        const table = this.#tables.get(id);
        if (table?.status === "failed") throw table.failure;
        if (table !== undefined && table.schema.generation !== generation) {
          throw new OperationalError(`table ${name} changed while its cache was being built`);
        }
      }
    }
    throw new OperationalError("the tables keep being copied anew: try again later");
  }

  /** Drops the local copy; its stream changes are ignored from now on. */
  forget(id: TableId): void {
    const table = this.#tables.get(id);
    if (table === undefined) return;
    table.abort.abort();
    this.#tables.delete(id);
    table.deferred.close();
    this.#options.store.dropTable(id);
  }

  /** For the end of the engine: whoever waits for a copy is told. */
  abortCopies(): void {
    for (const table of this.#tables.values()) {
      if (table.status !== "online") table.abort.abort();
    }
  }

  /** Routes a transaction's changes: applied, set aside for a copying table, or not ours. */
  apply(transaction: StreamTransaction, applier: ChangeApplier): void {
    for (const change of transaction.changes) {
      if (change.kind === "truncate") {
        for (const id of change.tables) this.#applyTo(id, transaction, change, applier);
      } else this.#applyTo(change.table, transaction, change, applier);
    }
  }

  #applyTo(
    id: TableId,
    transaction: StreamTransaction,
    change: StreamChange,
    applier: ChangeApplier,
  ): void {
    const table = this.#tables.get(id);
    if (table === undefined || table.status === "failed") return;
    const own: StreamChange =
      change.kind === "truncate" ? { kind: "truncate", tables: [id] } : change;
    if (table.status === "online") applier.apply(table.schema, own);
    // Before the copy has its snapshot every committed transaction will be included in it or
    // not; we cannot know yet, so the mark is kept with the change and asked later.
    else table.deferred.push({ position: transaction.position, xid: transaction.xid }, own);
  }

  #begin(schema: TableSchema): void {
    const table = newTable(schema);
    this.#tables.set(schema.id, table);
    table.ready = this.#copy(table).catch((error: unknown) => {
      table.failure = error;
      table.status = "failed";
      table.reason = messageOf(error);
      table.copy = null;
      table.deferred.close();
      if (table.abort.signal.aborted) return;
      const name = `${schema.schema}.${schema.name}`;
      this.#options.logger.error({ table: name, error: table.reason }, "copying a table failed");
      this.#options.metrics.copied(null);
    });
  }

  async #copy(table: BaseTable): Promise<void> {
    const { store, upstream, logger, metrics, waitForPosition } = this.#options;
    const { schema, abort } = table;
    const span = metrics.tracer.span("copy", {
      "freshet.table": `${schema.schema}.${schema.name}`,
    });
    const name = `${schema.schema}.${schema.name}`;
    const refused = await upstream.addTables([schema]);
    const refusal = refused.find((entry) => entry.table === schema.id);
    if (refusal !== undefined) throw new OperationalError(refusal.refused);
    table.evidence = upstream.evidenceOf(schema.id);
    await this.#takeTurn();
    try {
      abort.signal.throwIfAborted();
      const startedMs = performance.now();
      store.createTable(schema);
      const copy = await upstream.copyTable(schema, abort.signal);
      table.copy = copy;
      table.status = "copying";
      table.estimatedRows = copy.estimatedRows;
      try {
        for await (const rows of copy.rows()) {
          abort.signal.throwIfAborted();
          this.#storeRows(table, rows);
        }
      } finally {
        await copy.close();
      }
      const seconds = (performance.now() - startedMs) / 1000;
      table.status = "catching up";
      await waitForPosition(await upstream.currentPosition(), abort.signal);
      await this.#catchUp(table, copy);
      this.#putOnline(table, copy);
      logger.info(
        { table: name, rows: table.rows, seconds: Number(seconds.toFixed(2)) },
        "table copied",
      );
      metrics.copied(seconds);
      span?.set({ "freshet.rows": table.rows });
      span?.end();
    } finally {
      this.#giveTurn();
    }
  }

  #storeRows(table: BaseTable, rows: readonly Row[]): void {
    const { store, contentChanged, metrics } = this.#options;
    store.write((batch) => {
      for (const row of rows) batch.upsert(table.schema.id, row);
    });
    table.rows += rows.length;
    metrics.copiedRows(rows.length);
    // A reader that stays at an old state keeps every page that is replaced from being used again.
    contentChanged();
  }

  /** What was set aside, but for the last of it, in pieces, between which others get their turn. */
  async #catchUp(table: BaseTable, copy: TableCopy): Promise<void> {
    while (table.deferred.size > CATCH_UP_CHANGES) {
      table.abort.signal.throwIfAborted();
      this.#options.store.write((batch) =>
        this.#applyDeferred(table, copy, batch, CATCH_UP_CHANGES),
      );
      this.#options.contentChanged();
      await new Promise((resolve) => setImmediate(resolve));
    }
    table.abort.signal.throwIfAborted();
  }

  #putOnline(table: BaseTable, copy: TableCopy): void {
    const { store, visiblePosition, contentChanged } = this.#options;
    const { schema } = table;
    store.write((batch) => {
      this.#applyDeferred(table, copy, batch, Infinity);
      batch.setTableState(schema.id, { kind: "ready", document: table.evidence });
      // Resuming before this position would repeat changes that the copy contains and that were
      // not delivered when they were made, because nobody had asked for the table yet.
      const visible = visiblePosition();
      if (visible !== null) batch.setPosition(visible);
    });
    table.deferred.close();
    table.copy = null;
    table.status = "online";
    this.lastCopyMs = this.#options.clock.nowMs();
    contentChanged();
  }

  /** Throws, so that nothing is written, when copy and stream disagree. */
  #applyDeferred(table: BaseTable, copy: TableCopy, batch: WriteBatch, limit: number): void {
    const applier = new ChangeApplier(batch);
    for (const { mark, change } of table.deferred.take(limit)) {
      if (!copy.includes(mark)) applier.apply(table.schema, change);
    }
    const [divergence] = applier.divergences;
    if (divergence !== undefined) {
      throw new OperationalError(`the copy and the stream disagree: ${divergence.reason}`);
    }
  }

  /** At most two copies at a time; the others wait their turn. */
  async #takeTurn(): Promise<void> {
    if (this.#running < 2) {
      this.#running += 1;
      return;
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  #giveTurn(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}

function newTable(schema: TableSchema): BaseTable {
  return {
    schema,
    status: "preparing",
    rows: 0,
    estimatedRows: 0,
    reason: "",
    abort: new AbortController(),
    copy: null,
    deferred: new DeferredChanges(),
    ready: Promise.resolve(),
    failure: null,
    evidence: null,
  };
}
