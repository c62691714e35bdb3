import type { TableId, TableSchema } from "@freshet/types";
import type { Store } from "@freshet/storage";
import { type Logger, OperationalError, messageOf } from "@freshet/util";
import type { StreamChange, StreamTransaction, TableCopy, Upstream } from "../replication/contract.ts";
import { ChangeApplier, type Divergence } from "./change-applier.ts";
import { DeferredChanges } from "./deferred-changes.ts";

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
  ready: Promise<void>;
}

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
  readonly #store: Store;
  readonly #upstream: Upstream;
  readonly #logger: Logger;
  readonly #waitForPosition: (position: string, signal: AbortSignal) => Promise<void>;
  readonly #onlineChanged: () => void;
  readonly #copyRowsCounter: (rows: number) => void;
  #running = 0;
  readonly #queue: (() => void)[] = [];

  constructor(options: {
    readonly store: Store;
    readonly upstream: Upstream;
    readonly logger: Logger;
    /** Resolves when the engine has applied everything up to the position. */
    readonly waitForPosition: (position: string, signal: AbortSignal) => Promise<void>;
    /** Called after a table went online: snapshots taken before do not contain it. */
    readonly onlineChanged: () => void;
    readonly countCopiedRows: (rows: number) => void;
  }) {
    this.#store = options.store;
    this.#upstream = options.upstream;
    this.#logger = options.logger;
    this.#waitForPosition = options.waitForPosition;
    this.#onlineChanged = options.onlineChanged;
    this.#copyRowsCounter = options.countCopiedRows;
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

  /** Tables whose copy is complete. */
  online(): readonly TableSchema[] {
    return [...this.#tables.values()]
      .filter((table) => table.status === "online")
      .map((table) => table.schema);
  }

  /** Tables that a previous run finished; they need no copy. */
  adopt(schema: TableSchema, rows: number): void {
    this.#tables.set(schema.id, {
      ...newTable(schema),
      status: "online",
      rows,
      estimatedRows: rows,
      ready: Promise.resolve(),
    });
  }

  /** Resolves when all the tables are online; copies those that are missing or different. */
  async require(schemas: readonly TableSchema[]): Promise<void> {
    const missing = schemas.filter((schema) => {
      const table = this.#tables.get(schema.id);
      if (table === undefined || table.status === "failed") return true;
      if (table.schema.generation !== schema.generation) {
        this.forget(schema.id);
        return true;
      }
      return false;
    });
    for (const schema of missing) this.#begin(schema);
    await Promise.all(schemas.map((schema) => this.#tables.get(schema.id)!.ready));
  }

  /** Drops the local copy; its stream changes are ignored from now on. */
  forget(id: TableId): void {
    const table = this.#tables.get(id);
    if (table === undefined) return;
    table.abort.abort();
    this.#tables.delete(id);
    table.deferred.close();
    this.#store.dropTable(id);
  }

  /** The stream broke or the store was reset: unfinished copies cannot be trusted to line up. */
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
    const own: StreamChange = change.kind === "truncate" ? { kind: "truncate", tables: [id] } : change;
    if (table.status === "online") applier.apply(table.schema, own);
    // Before the copy has its snapshot every committed transaction will be included in it or
    // not; we cannot know yet, so the mark is kept with the change and asked later.
    else table.deferred.push({ position: transaction.position, xid: transaction.xid }, own);
  }

  #begin(schema: TableSchema): void {
    const table = newTable(schema);
    this.#tables.set(schema.id, table);
    table.ready = this.#copy(table).catch((error: unknown) => {
      table.status = "failed";
      table.reason = messageOf(error);
      table.deferred.close();
      if (!table.abort.signal.aborted) {
        const name = `${schema.schema}.${schema.name}`;
        this.#logger.error({ table: name, error: table.reason }, "copying a table failed");
      }
      throw error;
    });
    table.ready.catch(() => undefined);
  }

  async #copy(table: BaseTable): Promise<void> {
    const { schema, abort } = table;
    const name = `${schema.schema}.${schema.name}`;
    const refused = await this.#upstream.addTables([schema]);
    const refusal = refused.find((entry) => entry.table === schema.id);
    if (refusal !== undefined) throw new OperationalError(refusal.refused);
    await this.#takeTurn();
    try {
      abort.signal.throwIfAborted();
      const startedMs = performance.now();
      this.#store.createTable(schema);
      const copy = await this.#upstream.copyTable(schema, abort.signal);
      table.copy = copy;
      table.status = "copying";
      table.estimatedRows = copy.estimatedRows;
      try {
        for await (const rows of copy.rows()) {
          abort.signal.throwIfAborted();
          this.#store.write((batch) => {
            for (const row of rows) batch.upsert(schema.id, row);
          });
          table.rows += rows.length;
          this.#copyRowsCounter(rows.length);
        }
      } finally {
        await copy.close();
      }
      const seconds = (performance.now() - startedMs) / 1000;
      table.status = "catching up";
      await this.#waitForPosition(await this.#upstream.currentPosition(), abort.signal);
      abort.signal.throwIfAborted();
      this.#putOnline(table, copy);
      this.#logger.info(
        { table: name, rows: table.rows, seconds: Number(seconds.toFixed(2)) },
        "table copied",
      );
    } finally {
      this.#giveTurn();
    }
  }

  #putOnline(table: BaseTable, copy: TableCopy): void {
    const { schema } = table;
    const divergences = this.#store.write((batch): readonly Divergence[] => {
      const applier = new ChangeApplier(batch);
      for (const { mark, change } of table.deferred.drain()) {
        if (!copy.includes(mark)) applier.apply(schema, change);
      }
      batch.setTableState(schema.id, { kind: "ready", document: null });
      return applier.divergences;
    });
    table.deferred.close();
    if (divergences.length > 0) {
      throw new OperationalError(`the copy and the stream disagree: ${divergences[0]!.reason}`);
    }
    table.copy = null;
    table.status = "online";
    this.#onlineChanged();
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
  };
}
