import { type RowDecoder, type TableMapEvent, compileRowDecoder } from "@freshet/mysql-wire";
import type { TrackedTable, TrackedTables } from "./tracked-tables.ts";

export type TableBinding =
  | { readonly table: TrackedTable; readonly mismatch: null; readonly decoder: RowDecoder }
  | { readonly table: TrackedTable; readonly mismatch: string };

/** An event with this number only ends its statement. */
const NO_TABLE = 0xffffff;

interface MapEntry {
  event: TableMapEvent;
  /** Null: not of a tracked table. */
  binding: TableBinding | null;
  version: number;
}

/** Table maps of the log, bound to the tracked tables; compiled once per definition. */
export class TableBindings {
  readonly #tables: TrackedTables;
  readonly #maps = new Map<number, MapEntry>();

  constructor(tables: TrackedTables) {
    this.#tables = tables;
  }

  /** A new file: the numbers mean nothing any more. */
  clear(): void {
    this.#maps.clear();
  }

  map(event: TableMapEvent): void {
    const known = this.#maps.get(event.tableId);
    if (known !== undefined && known.event.definition.equals(event.definition)) return;
    // The bytes of an event are the socket's; the definition is compared with later ones.
    const kept = { ...event, definition: Buffer.from(event.definition) };
    this.#maps.set(event.tableId, { event: kept, binding: null, version: -1 });
  }

  /** Null: not ours. Throws when the log never described the table. */
  of(tableId: number): TableBinding | null {
    if (tableId === NO_TABLE) return null;
    const entry = this.#maps.get(tableId);
    if (entry === undefined) {
      throw new Error(`the log has rows of table number ${tableId}, which it did not describe`);
    }
    if (entry.version !== this.#tables.version) {
      entry.binding = this.#bind(entry.event);
      entry.version = this.#tables.version;
    }
    return entry.binding;
  }

  #bind(event: TableMapEvent): TableBinding | null {
    const table = this.#tables.byName(event.schema, event.table);
    if (table === undefined) return null;
    if (event.columns.length !== table.wanted.length) {
      const counts = `${event.columns.length} columns instead of ${table.wanted.length}`;
      return { table, mismatch: counts };
    }
    const decoder = compileRowDecoder(event, table.wanted);
    if ("mismatch" in decoder) return { table, mismatch: decoder.mismatch };
    return { table, mismatch: null, decoder };
  }
}
