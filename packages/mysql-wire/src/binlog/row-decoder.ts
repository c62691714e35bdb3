import type { SqlType, Value } from "@freshet/types";
import { BinlogError } from "./binlog-error.ts";
import type { RowsEvent, TableMapEvent } from "./events.ts";

/** In place of a value that the row image does not contain (binlog_row_image not FULL). */
export const ABSENT: unique symbol = Symbol("absent from the row image");

export type ImageValue = Value | typeof ABSENT;
/** A value for each wanted column, in table order. */
export type ImageRow = readonly ImageValue[];

export interface DecodedRows {
  /** Old rows: of updates and deletes. */
  readonly before: readonly ImageRow[] | null;
  /** New rows: of inserts and updates; those of an update match `before` one by one. */
  readonly after: readonly ImageRow[] | null;
  /** Table positions of wanted columns that an image lacks; their values are ABSENT. */
  readonly missing: readonly number[];
}

export interface RowDecoder {
  /** All rows of the event, whose table must be the one compiled for. Throws BinlogError. */
  decode(event: RowsEvent): DecodedRows;
}

/**
 * `wanted` has one entry for each column of the table, null to skip it. A `mismatch` says how
 * the table map disagrees with the types: the definition changed since they were read.
 */
export function compileRowDecoder(
  map: TableMapEvent,
  wanted: readonly (SqlType | null)[],
): RowDecoder | { readonly mismatch: string } {
  throw new BinlogError("unsupported", `${map.table} ${wanted.length}`);
}
