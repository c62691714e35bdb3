import { ByteScratch } from "@freshet/types";
import type { Row } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import type { StoredIndex, Table } from "./catalog.ts";
import { asKey, storedRange } from "./environment.ts";
import type { DataDatabase } from "./environment.ts";
import {
  bagKey,
  COUNT_BYTES,
  indexKey,
  isInlineBagKey,
  rowKey,
  rowKeyFromKey,
  SPACE_BYTES,
} from "./keys.ts";
import { hasKey } from "./lmdb-snapshot.ts";
import { decodeWhole, findRow, isCut } from "./table-rows.ts";
import { getValue, lastRead, putValue, removeValue } from "./values.ts";

const key = new ByteScratch(256);
const entry = new ByteScratch(256);
const oldEntry = new ByteScratch(256);
const bagValue = new ByteScratch(1024);
const NOTHING = storedRange({ bytes: Buffer.alloc(8), length: 1 });

/** Row changes inside a write transaction: rows, their index entries and counts together. */
export class RowWriter {
  readonly #data: DataDatabase;
  readonly #touched: Set<Table>;

  constructor(data: DataDatabase, touched: Set<Table>) {
    this.#data = data;
    this.#touched = touched;
  }

  upsert(table: Table, row: Row): Row | null {
    const keyColumns = table.schema.key;
    if (keyColumns === null) {
      this.#addToBag(table, row);
      return null;
    }
    rowKey(key, table, row, keyColumns);
    const found = findRow(this.#data, table, key);
    const { pieces } = lastRead;
    const old = found === null ? null : decodeWhole(table.layout, found);
    if (old !== null && isCut(key.length - SPACE_BYTES)) {
      if (
        !hasKey(
          table,
          old,
          keyColumns.map((column) => row[column] ?? null),
        )
      ) {
        throw new InvariantError(`two keys of table ${nameOf(table)} have one hash`);
      }
    }
    putValue(this.#data, key, table.layout.encode(row), pieces);
    if (old === null) this.#count(table, 1);
    for (const index of indexesOf(table)) {
      indexKey(entry, table, index, row, key);
      if (old !== null) {
        indexKey(oldEntry, table, index, old, key);
        // Not when the index is being built: the entry may not be there yet.
        if (equalBytes(entry, oldEntry) && table.building.length === 0) continue;
        this.#data.removeSync(asKey(oldEntry));
      }
      this.#data.putSync(asKey(entry), NOTHING);
    }
    return old;
  }

  get(table: Table, values: Row): Row | null {
    const keyColumns = table.schema.key;
    if (keyColumns === null || values.length !== keyColumns.length) {
      throw new InvariantError(`table ${nameOf(table)} has no such key`);
    }
    rowKeyFromKey(key, table, values, keyColumns);
    const found = findRow(this.#data, table, key);
    if (found === null) return null;
    const row = decodeWhole(table.layout, found);
    return isCut(key.length - SPACE_BYTES) && !hasKey(table, row, values) ? null : row;
  }

  delete(table: Table, keyOrRow: Row): Row | null {
    if (table.schema.key === null) return this.#removeFromBag(table, keyOrRow);
    const old = this.get(table, keyOrRow);
    if (old === null) return null;
    this.#removeEntry(table, old);
    this.#count(table, -1);
    return old;
  }

  #addToBag(table: Table, row: Row): void {
    const packed = table.layout.encode(row);
    bagKey(key, table, packed);
    const present = this.#bagCount(table, packed);
    this.#putBagCount(present + 1, packed);
    this.#count(table, 1);
    if (present > 0) return;
    for (const index of indexesOf(table)) {
      indexKey(entry, table, index, row, key);
      this.#data.putSync(asKey(entry), NOTHING);
    }
  }

  #removeFromBag(table: Table, row: Row): Row | null {
    const packed = table.layout.encode(row);
    bagKey(key, table, packed);
    const present = this.#bagCount(table, packed);
    if (present === 0) return null;
    if (present === 1) this.#removeEntry(table, row);
    else this.#putBagCount(present - 1, packed);
    this.#count(table, -1);
    return row;
  }

  /** How often the packed row is stored; `key` is set to its key. */
  #bagCount(table: Table, packed: ByteScratch): number {
    const value = getValue(this.#data, key);
    if (value === undefined) return 0;
    const count = value.readUInt32LE(0);
    if (isInlineBagKey(key.bytes, 0)) return count;
    const end = COUNT_BYTES + packed.length;
    // A packed row tells its own length, so one is never the beginning of another.
    const same =
      value.length >= end && packed.bytes.compare(value, COUNT_BYTES, end, 0, packed.length) === 0;
    if (!same) throw new InvariantError(`two rows of table ${nameOf(table)} have one hash`);
    return count;
  }

  #putBagCount(count: number, packed: ByteScratch): void {
    bagValue.reset();
    bagValue.reserve(COUNT_BYTES);
    bagValue.length = bagValue.bytes.writeUInt32LE(count, 0);
    if (!isInlineBagKey(key.bytes, 0)) bagValue.appendBytes(packed.bytes, 0, packed.length);
    putValue(this.#data, key, bagValue, lastRead.pieces);
  }

  /** Removes the row under `key`, which was just read, and its index entries. */
  #removeEntry(table: Table, row: Row): void {
    for (const index of indexesOf(table)) {
      indexKey(entry, table, index, row, key);
      this.#data.removeSync(asKey(entry));
    }
    removeValue(this.#data, key, lastRead.pieces);
  }

  #count(table: Table, change: number): void {
    table.counter.rows += change;
    this.#touched.add(table);
  }
}

function indexesOf(table: Table): readonly StoredIndex[] {
  return table.building.length === 0 ? table.indexes : [...table.indexes, ...table.building];
}

function equalBytes(a: ByteScratch, b: ByteScratch): boolean {
  return a.length === b.length && a.bytes.compare(b.bytes, 0, b.length, 0, a.length) === 0;
}

export function nameOf(table: Table): string {
  return `${table.schema.schema}.${table.schema.name}`;
}
