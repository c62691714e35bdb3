import type { Row, TableId } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import { META_DOCUMENT, META_POSITION } from "./catalog.ts";
import type { Table } from "./catalog.ts";
import type { CatalogKeeper } from "./catalog-keeper.ts";
import type { TableState, WriteBatch } from "./contract.ts";
import type { Environment } from "./environment.ts";
import { RowWriter } from "./row-writer.ts";

/** Good for one `write`. */
export class LmdbWriteBatch implements WriteBatch {
  readonly #environment: Environment;
  readonly #keeper: CatalogKeeper;
  readonly #touched: Set<Table>;
  readonly #rows: RowWriter;
  #finished = false;

  constructor(environment: Environment, keeper: CatalogKeeper, touched: Set<Table>) {
    this.#environment = environment;
    this.#keeper = keeper;
    this.#touched = touched;
    this.#rows = new RowWriter(environment.data, touched);
  }

  upsert(table: TableId, row: Row): Row | null {
    return this.#rows.upsert(this.#table(table), row);
  }

  get(table: TableId, key: Row): Row | null {
    return this.#rows.get(this.#table(table), key);
  }

  delete(table: TableId, keyOrRow: Row): Row | null {
    return this.#rows.delete(this.#table(table), keyOrRow);
  }

  truncate(id: TableId): void {
    this.#check();
    const table = this.#keeper.truncate(id);
    table.counter.rows = 0;
    this.#touched.add(table);
  }

  setPosition(position: string): void {
    this.#check();
    this.#environment.meta.put(META_POSITION, position);
  }

  putDocument(name: string, document: unknown): void {
    this.#check();
    this.#environment.meta.put(META_DOCUMENT + name, JSON.stringify(document ?? null));
  }

  deleteDocument(name: string): void {
    this.#check();
    this.#environment.meta.remove(META_DOCUMENT + name);
  }

  setTableState(table: TableId, state: TableState): void {
    this.#check();
    this.#keeper.setState(table, state);
  }

  /** The last act of the transaction: the counts. */
  finish(): void {
    this.#check();
    this.#finished = true;
    for (const table of this.#touched) this.#keeper.putRows(table);
  }

  #table(id: TableId): Table {
    this.#check();
    return this.#keeper.get(id);
  }

  #check(): void {
    if (this.#finished) throw new InvariantError("the write is over");
  }
}
