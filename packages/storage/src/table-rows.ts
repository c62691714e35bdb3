import { appendKey, ByteScratch } from "@freshet/types";
import type { Row, RowLayout } from "@freshet/types";
import type { SpaceId, Table } from "./catalog.ts";
import type { DataDatabase, KeyBytes, ReadOptions } from "./environment.ts";
import { BAG_ROW_OFFSET, COUNT_BYTES, isInlineBagKey, PART_LIMIT, startSpace } from "./keys.ts";
import { getValue } from "./values.ts";

/** A stored row; `bytes` may be lmdb-js's own and is valid until the next read. */
export interface FoundRow {
  bytes: Buffer;
  /** Where the packed row starts in `bytes`. */
  offset: number;
  /** How many equal rows there are; 1 in a table with a key. */
  count: number;
}

const found: FoundRow = { bytes: Buffer.alloc(0), offset: 0, count: 0 };

/** The row under this key (space included), or null. The result is reused. */
export function findRow(
  data: DataDatabase,
  table: Table,
  key: KeyBytes,
  options?: ReadOptions,
): FoundRow | null {
  const value = getValue(data, key, options);
  return value === undefined ? null : locateRow(table, key.bytes, 0, value);
}

/** Where the row is, given an entry of the table's space. The result is reused. */
export function locateRow(
  table: Table,
  keyBytes: Buffer,
  keyStart: number,
  value: Buffer,
): FoundRow {
  if (table.schema.key !== null) {
    found.bytes = value;
    found.offset = 0;
    found.count = 1;
  } else {
    found.count = value.readUInt32LE(0);
    const inline = isInlineBagKey(keyBytes, keyStart);
    found.bytes = inline ? keyBytes : value;
    found.offset = inline ? keyStart + BAG_ROW_OFFSET : COUNT_BYTES;
  }
  return found;
}

export function decodeFound(layout: RowLayout, row: FoundRow, columns: readonly number[]): Row {
  return layout.decode(row.bytes, columns, row.offset);
}

export function decodeWhole(layout: RowLayout, row: FoundRow): Row {
  return layout.decodeRow(row.bytes, row.offset);
}

const wholeKey = new ByteScratch(256);

/** The uncut ordered key of a full-width row's columns, with the space; reused. */
export function uncutKey(
  table: Table,
  space: SpaceId,
  row: Row,
  columns: readonly number[],
): ByteScratch {
  startSpace(wholeKey, space);
  appendKey(wholeKey, table.appenders, row, columns);
  return wholeKey;
}

/** Whether a part of this length (without the space) was cut. */
export function isCut(partLength: number): boolean {
  return partLength > PART_LIMIT;
}
