import type { SqlType, Value } from "@freshet/types";
import { BinlogError, malformed } from "./binlog-error.ts";
import { type ReadValue, compileRead } from "./column-reader.ts";
import { compileSkip } from "./column-width.ts";
import type { RowsEvent, TableMapEvent } from "./events.ts";
import { RowCursor } from "./row-cursor.ts";
import { disagreement } from "./type-agreement.ts";

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
  const { columns } = map;
  if (columns.length !== wanted.length) {
    return { mismatch: `the table has ${columns.length} columns, not ${wanted.length}` };
  }
  for (const [index, type] of wanted.entries()) {
    const column = columns[index];
    if (type === null || column === undefined) continue;
    const reason = disagreement(column, type);
    const name = column.name ?? String(index + 1);
    if (reason !== null) return { mismatch: `column ${name}: ${reason}` };
  }
  return new CompiledRowDecoder(map, wanted);
}

/** What an image has of the table: made once for each pattern of present columns. */
interface ImageShape {
  readonly bitmap: Buffer;
  /** Readers of the columns that are present, in table order; null: skipped. */
  readonly reads: readonly (ReadValue | null)[];
  readonly skips: readonly ((cursor: RowCursor) => void)[];
  /** Place in the row of each present column; -1: skipped. */
  readonly places: Int32Array;
  /** Table positions of wanted columns that are not there. */
  readonly missing: readonly number[];
}

class CompiledRowDecoder implements RowDecoder {
  readonly #reads: readonly (ReadValue | null)[];
  readonly #skips: readonly ((cursor: RowCursor) => void)[];
  readonly #width: number;
  readonly #table: string;
  /** The last shape, which is nearly always that of the next event, too. */
  #shape: ImageShape | null = null;

  constructor(map: TableMapEvent, wanted: readonly (SqlType | null)[]) {
    this.#table = `${map.schema}.${map.table}`;
    this.#skips = map.columns.map(compileSkip);
    this.#reads = map.columns.map((column, index) => {
      const type = wanted[index] ?? null;
      return type === null ? null : compileRead(column, type, map.mariadb);
    });
    this.#width = this.#reads.filter((read) => read !== null).length;
  }

  decode(event: RowsEvent): DecodedRows {
    if (event.columnCount !== this.#reads.length) {
      throw malformed(`a rows event of ${event.columnCount} columns for table ${this.#table}`);
    }
    const first = this.#shapeOf(event.present);
    const second = event.presentAfter === null ? first : this.#shapeOf(event.presentAfter);
    try {
      return this.#rows(event, first, second);
    } catch (error) {
      if (!(error instanceof BinlogError)) throw error;
      throw new BinlogError(error.reason, `table ${this.#table}: ${error.message}`, error);
    }
  }

  #rows(event: RowsEvent, first: ImageShape, second: ImageShape): DecodedRows {
    const cursor = new RowCursor(event.body);
    const before: ImageRow[] = [];
    const after: ImageRow[] = [];
    while (cursor.at < cursor.end) {
      const start = cursor.at;
      if (event.action !== "insert") before.push(this.#row(cursor, first));
      if (event.action !== "delete") after.push(this.#row(cursor, second));
      if (cursor.at === start) throw malformed("an empty row image");
    }
    return {
      before: event.action === "insert" ? null : before,
      after: event.action === "delete" ? null : after,
      missing:
        first === second ? first.missing : [...new Set([...first.missing, ...second.missing])],
    };
  }

  #row(cursor: RowCursor, shape: ImageShape): ImageRow {
    const { reads, places } = shape;
    const { bytes } = cursor;
    const nulls = cursor.skip((reads.length + 7) >> 3);
    const row = new Array<ImageValue>(this.#width);
    if (shape.missing.length > 0) row.fill(ABSENT);
    for (let index = 0; index < reads.length; index += 1) {
      const read = reads[index] as ReadValue | null;
      const isNull = ((bytes[nulls + (index >> 3)] as number) & (1 << (index & 7))) !== 0;
      if (read !== null) row[places[index] as number] = isNull ? null : read(cursor);
      else if (!isNull) (shape.skips[index] as (cursor: RowCursor) => void)(cursor);
    }
    return row;
  }

  #shapeOf(bitmap: Buffer): ImageShape {
    if (this.#shape !== null && this.#shape.bitmap.equals(bitmap)) return this.#shape;
    const reads: (ReadValue | null)[] = [];
    const skips: ((cursor: RowCursor) => void)[] = [];
    const places: number[] = [];
    const missing: number[] = [];
    let place = 0;
    this.#reads.forEach((read, column) => {
      const present = ((bitmap[column >> 3] as number) & (1 << (column & 7))) !== 0;
      if (present) {
        reads.push(read);
        skips.push(this.#skips[column] as (cursor: RowCursor) => void);
        places.push(read === null ? -1 : place);
      } else if (read !== null) missing.push(column);
      if (read !== null) place += 1;
    });
    this.#shape = {
      bitmap: Buffer.from(bitmap),
      reads,
      skips,
      places: Int32Array.from(places),
      missing,
    };
    return this.#shape;
  }
}
