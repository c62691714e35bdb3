import type { TableId } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import { META_NEXT_SPACE, META_ROWS, META_TABLE, recordOf, tableOf } from "./catalog.ts";
import type { Catalog, SpaceId, StoredIndex, Table, TableRecord } from "./catalog.ts";
import type { TableState } from "./contract.ts";
import type { Environment } from "./environment.ts";
import type { Garbage } from "./garbage.ts";

/** The catalog in memory and its records; changes happen in a transaction of the store. */
export class CatalogKeeper {
  readonly #meta: Environment["meta"];
  readonly #garbage: Garbage;
  /** Replaced, never changed: snapshots keep the one of their moment. */
  #catalog: Catalog;

  constructor(environment: Environment, garbage: Garbage) {
    this.#meta = environment.meta;
    this.#garbage = garbage;
    const catalog = new Map<TableId, Table>();
    for (const [key, value] of this.#meta.list(META_TABLE)) {
      const record = JSON.parse(value) as TableRecord;
      const rows = Number(this.#meta.get(META_ROWS + key.slice(META_TABLE.length)) ?? 0);
      catalog.set(record.schema.id, tableOf(record, rows));
    }
    this.#catalog = catalog;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  find(id: TableId): Table | undefined {
    return this.#catalog.get(id);
  }

  get(id: TableId): Table {
    const table = this.#catalog.get(id);
    if (table === undefined) throw new InvariantError(`no table ${id} in the store`);
    return table;
  }

  newSpace(): SpaceId {
    const space = Number(this.#meta.get(META_NEXT_SPACE) ?? 1);
    this.#meta.put(META_NEXT_SPACE, String(space + 1));
    return space;
  }

  put(table: Table): void {
    this.#meta.put(META_TABLE + table.id, JSON.stringify(recordOf(table)));
    this.#set((catalog) => catalog.set(table.id, table));
  }

  replace(table: Table, change: Partial<TableRecord>): void {
    this.put(tableOf({ ...recordOf(table), ...change }, 0, table));
  }

  /** Not stored: after a restart there is nothing left of an index that was not finished. */
  setBuilding(table: Table, building: readonly StoredIndex[]): void {
    this.#set((catalog) => catalog.set(table.id, { ...table, building }));
  }

  setState(id: TableId, state: TableState): void {
    this.replace(this.get(id), { state });
  }

  /** Gives the table fresh spaces, also for its indexes. */
  truncate(id: TableId): Table {
    const table = this.get(id);
    this.#discard(table);
    const indexes = table.indexes.map(({ columns }) => ({ columns, space: this.newSpace() }));
    // What is being built finds other rows in other places and begins anew.
    this.setBuilding(table, []);
    this.replace(this.get(id), { space: this.newSpace(), indexes });
    return this.get(id);
  }

  drop(id: TableId): void {
    const table = this.#catalog.get(id);
    if (table === undefined) return;
    this.#discard(table);
    this.#meta.remove(META_TABLE + id);
    this.#meta.remove(META_ROWS + id);
    this.#set((catalog) => catalog.delete(id));
  }

  putRows(table: Table): void {
    this.#meta.put(META_ROWS + table.id, String(table.counter.rows));
  }

  /** After a failed transaction; the counts of the tables it touched are read again. */
  restore(catalog: Catalog, touched: ReadonlySet<Table> | undefined): void {
    this.#catalog = catalog;
    for (const { id, counter } of touched ?? []) {
      counter.rows = Number(this.#meta.get(META_ROWS + id) ?? 0);
    }
  }

  #discard(table: Table): void {
    this.#garbage.add(table.space);
    for (const index of table.indexes) this.#garbage.add(index.space);
  }

  #set(change: (catalog: Map<TableId, Table>) => void): void {
    const catalog = new Map(this.#catalog);
    change(catalog);
    this.#catalog = catalog;
  }
}
