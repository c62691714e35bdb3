import { ByteScratch } from "@freshet/types";
import type { StoredIndex, Table } from "./catalog.ts";
import { asBuffer, asKey, currentKey, storedRange } from "./environment.ts";
import type { DataDatabase } from "./environment.ts";
import { indexKey, startSpace, toSuccessor } from "./keys.ts";
import { decodeWhole, locateRow } from "./table-rows.ts";
import { wholeValue } from "./values.ts";

const rowKey = new ByteScratch(256);
const entry = new ByteScratch(256);
const NOTHING = storedRange({ bytes: Buffer.alloc(8), length: 1 });

/**
 * In a transaction: puts the entries of the next `limit` rows after a row key (null: of the
 * first). Returns the last row's key, or null when there are no more rows. Entries are sorted
 * first, so that they go in page by page; one that a write has put already is put again.
 */
export function buildIndexPart(
  data: DataDatabase,
  table: Table,
  index: StoredIndex,
  after: Buffer | null,
  limit: number,
): Buffer | null {
  const low = new ByteScratch(4);
  const high = new ByteScratch(4);
  startSpace(low, table.space);
  startSpace(high, table.space);
  toSuccessor(high);
  const keys: Buffer[] = [];
  let last: Buffer | null = null;
  const range = data.getRange({
    start: after === null ? asKey(low) : asKey({ bytes: after, length: after.length }),
    end: asKey(high),
    exclusiveStart: after !== null,
    limit,
  });
  for (const { value } of range) {
    const { bytes, start, end } = currentKey;
    rowKey.reset();
    rowKey.appendBytes(bytes, start, end);
    const whole = wholeValue(data, rowKey, asBuffer(value));
    const row = decodeWhole(table.layout, locateRow(table, rowKey.bytes, 0, whole));
    indexKey(entry, table, index, row, rowKey);
    keys.push(entry.copy());
    last = rowKey.copy();
  }
  keys.sort((a, b) => a.compare(b));
  for (const key of keys) data.putSync(asKey({ bytes: key, length: key.length }), NOTHING);
  return keys.length < limit ? null : last;
}
