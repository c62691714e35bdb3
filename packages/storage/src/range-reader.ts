import { ByteScratch } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import type { Row } from "@freshet/types";
import type { Bounds } from "./bounds.ts";
import type { StoredIndex, Table } from "./catalog.ts";
import { CutRun } from "./cut-run.ts";
import { asBuffer, asKey, currentKey } from "./environment.ts";
import type { DataDatabase, ReadOptions } from "./environment.ts";
import { SPACE_BYTES, SUFFIX_BYTES } from "./keys.ts";
import { decodeFound, findRow, isCut, locateRow } from "./table-rows.ts";
import type { FoundRow } from "./table-rows.ts";
import { isWhole, wholeValue } from "./values.ts";

export interface ReadContext {
  readonly data: DataDatabase;
  readonly options: ReadOptions;
  /** Throws when the snapshot may not be read (any more). */
  check(): void;
}

export interface RangeQuery {
  readonly table: Table;
  /** Null: the table's own rows. */
  readonly index: StoredIndex | null;
  /** Called when the reading begins; null: nothing matches. */
  readonly bounds: () => Bounds | null;
  readonly columns: readonly number[];
  readonly descending: boolean;
}

const rowKey = new ByteScratch(256);

/**
 * The rows within the bounds, in index order. Whatever lies in lmdb-js's buffers is decoded before
 * the next yield, because the reader of the rows may read something else meanwhile.
 */
export function* readRange(
  context: ReadContext,
  query: RangeQuery,
): Generator<Row, void, undefined> {
  context.check();
  const bounds = query.bounds();
  if (bounds === null) return;
  const { table, index, columns } = query;
  const iterator = openRange(context, bounds, index === null, query.descending);
  const mayBeCut = index !== null || table.schema.key !== null;
  let run: CutRun | null = null;
  try {
    for (;;) {
      const step = iterator.next();
      if (step.done === true) break;
      const { start, end } = currentKey;
      const keyLength =
        index === null ? 0 : currentKey.bytes.readUInt16BE(end - SUFFIX_BYTES) + SUFFIX_BYTES;
      const partLength = end - start - SPACE_BYTES - keyLength;
      const irregular = bounds.exact !== null || (mayBeCut && isCut(partLength));
      if (irregular) run ??= new CutRun(query, bounds.exact);
      const samePart = irregular && run?.continues(currentKey.bytes, start, partLength) === true;
      const inPlace = index === null && isWhole(asBuffer(step.value.value));
      const row =
        index === null
          ? locateHere(context, table, step.value.value)
          : findIndexedRow(context, table, end - keyLength, end - SUFFIX_BYTES);
      if (irregular && run !== null) {
        const ended = samePart ? null : run.take();
        run.add(row, currentKeyCopy(inPlace ? null : rowKey, start, end));
        if (ended !== null) yield* ended;
      } else {
        const ended = run === null ? null : run.take();
        run = null;
        const count = row.count;
        const values = decodeFound(table.layout, row, columns);
        if (ended !== null) yield* ended;
        yield values;
        for (let copy = 1; copy < count; copy++) yield values.slice();
      }
      context.check();
    }
    if (run !== null) yield* run.take();
  } finally {
    iterator.return?.();
  }
}

function currentKeyCopy(scratch: ByteScratch | null, start: number, end: number): Buffer {
  return scratch === null ? Buffer.from(currentKey.bytes.subarray(start, end)) : scratch.copy();
}

/**
 * The row of the entry at hand. Reading pieces overwrites the current key, so it is kept in
 * `rowKey` then.
 */
function locateHere(context: ReadContext, table: Table, stored: Uint8Array): FoundRow {
  const { bytes, start, end } = currentKey;
  const value = asBuffer(stored);
  if (isWhole(value)) return locateRow(table, bytes, start, value);
  rowKey.reset();
  rowKey.appendBytes(bytes, start, end);
  const whole = wholeValue(context.data, rowKey, value, context.options);
  return locateRow(table, rowKey.bytes, 0, whole);
}

interface Entry {
  readonly value: Buffer;
}

function openRange(
  context: ReadContext,
  bounds: Bounds,
  values: boolean,
  descending: boolean,
): Iterator<Entry> {
  const { low, high } = bounds;
  const range = context.data.getRange({
    start: asKey(descending ? high : low),
    end: asKey(descending ? low : high),
    reverse: descending,
    exclusiveStart: descending,
    inclusiveEnd: descending,
    transaction: context.options.transaction,
    // Undeclared in lmdb's types for getRange: false leaves the values unread.
    ...({ values } as object),
  });
  return range[Symbol.iterator]() as unknown as Iterator<Entry>;
}

/** The row that the current index entry points at. */
function findIndexedRow(
  context: ReadContext,
  table: Table,
  keyStart: number,
  keyEnd: number,
): FoundRow {
  rowKey.reset();
  rowKey.appendUint32(table.space);
  rowKey.appendBytes(currentKey.bytes, keyStart, keyEnd);
  const row = findRow(context.data, table, rowKey, context.options);
  if (row === null) {
    throw new InvariantError(
      `an index of table ${table.schema.schema}.${table.schema.name} names a row that is not there`,
    );
  }
  return row;
}
