import { createHash } from "node:crypto";
import { appendKey } from "@freshet/types";
import type { ByteScratch, Row } from "@freshet/types";
import type { KeyBytes } from "./environment.ts";
import type { SpaceId, StoredIndex, Table } from "./catalog.ts";

/**
 * Keys of the data database, all starting with the space (4 bytes, big-endian):
 *
 *     row with a key:   space | key columns                          -> packed row
 *     row of a bag:     space | 0 | packed row                       -> count (u32)
 *                       space | 1 | hash of the packed row (16)      -> count (u32) | packed row
 *     index entry:      space | index columns | row key | its length (u16)  -> nothing
 *
 * "Key columns" and "index columns" are ordered keys (`ordered-key.ts`) of at most `PART_LIMIT`
 * bytes. A longer one is cut there and a hash of the whole follows, so its length tells that it
 * was cut: entries that share the cut part lie together but not in order, and readers compare and
 * sort them by the values. Two different values with one hash are found out on write.
 */
export const SPACE_BYTES = 4;
export const PART_LIMIT = 880;
export const HASH_BYTES = 16;
/** Longest packed row that is itself the key of a bag's row. */
const INLINE_LIMIT = 896;
const BAG_INLINE = 0;
const BAG_HASHED = 1;
export const COUNT_BYTES = 4;
export const SUFFIX_BYTES = 2;

export function hashOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, HASH_BYTES);
}

/** Cuts what was appended from `start` if it is longer than a part may be. */
function limitPart(out: ByteScratch, start: number): void {
  if (out.length - start <= PART_LIMIT) return;
  const hash = hashOf(out.bytes.subarray(start, out.length));
  out.length = start + PART_LIMIT;
  out.appendBytes(hash, 0, HASH_BYTES);
}

export function startSpace(out: ByteScratch, space: SpaceId): void {
  out.reset();
  out.appendUint32(space);
}

/** The key of a row of a keyed table; `row` is full width. */
export function rowKey(out: ByteScratch, table: Table, row: Row, key: readonly number[]): void {
  startSpace(out, table.space);
  appendKey(out, table.appenders, row, key);
  limitPart(out, SPACE_BYTES);
}

/** The key from the key columns' values alone, in the order of `schema.key`. */
export function rowKeyFromKey(
  out: ByteScratch,
  table: Table,
  values: Row,
  key: readonly number[],
): void {
  startSpace(out, table.space);
  appendValues(out, table, key, values, values.length);
  limitPart(out, SPACE_BYTES);
}

export function appendValues(
  out: ByteScratch,
  table: Table,
  columns: readonly number[],
  values: Row,
  count: number,
): void {
  for (let index = 0; index < count; index++) {
    table.appenders[columns[index] as number]?.(out, values[index] ?? null);
  }
}

/** The key of a bag's row, from the packed row. */
export function bagKey(out: ByteScratch, table: Table, packed: KeyBytes): void {
  startSpace(out, table.space);
  if (packed.length <= INLINE_LIMIT) {
    out.appendByte(BAG_INLINE);
    out.appendBytes(packed.bytes, 0, packed.length);
  } else {
    out.appendByte(BAG_HASHED);
    out.appendBytes(hashOf(packed.bytes.subarray(0, packed.length)), 0, HASH_BYTES);
  }
}

/** Whether the packed row is in the key (else it is in the value, after the count). */
export function isInlineBagKey(key: Uint8Array, start: number): boolean {
  return key[start + SPACE_BYTES] === BAG_INLINE;
}

export const BAG_ROW_OFFSET = SPACE_BYTES + 1;

/** The entry of `row` in an index; `key` is the row's own key with its space. */
export function indexKey(
  out: ByteScratch,
  table: Table,
  index: StoredIndex,
  row: Row,
  key: KeyBytes,
): void {
  startSpace(out, index.space);
  appendKey(out, table.appenders, row, index.columns);
  limitPart(out, SPACE_BYTES);
  out.appendBytes(key.bytes, SPACE_BYTES, key.length);
  out.appendUint16(key.length - SPACE_BYTES);
}

/** Makes the least key greater than every key that starts with what is in `out`. */
export function toSuccessor(out: ByteScratch): void {
  while (out.length > 0 && out.bytes[out.length - 1] === 0xff) out.length--;
  if (out.length > 0) out.bytes[out.length - 1] = (out.bytes[out.length - 1] as number) + 1;
}
