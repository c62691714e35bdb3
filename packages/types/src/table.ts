import type { Row, SqlType, Value } from "./value.ts";

/** Stable identity of a table for one upstream (Postgres: relation oid). */
export type TableId = number & { readonly __brand?: "TableId" };

export interface Column {
  readonly name: string;
  /** The upstream's own column number (Postgres attnum); never reused after a drop. */
  readonly number: number;
  readonly type: SqlType;
  readonly notNull: boolean;
  /** A name finds it, `*` does not (MySQL: invisible columns). */
  readonly hidden?: boolean;
}

export interface TableSchema {
  readonly id: TableId;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /**
   * Column positions (indexes into `columns`) that identify a row in the change stream, or null
   * when rows have no identity and the table is kept as a bag (full old rows needed).
   */
  readonly key: readonly number[] | null;
  /** Sets of column positions the upstream guarantees unique and not null (includes the key). */
  readonly uniqueKeys: readonly (readonly number[])[];
  /** Changes whenever anything above changes; cached plans are bound to it. */
  readonly generation: string;
}

/** A secondary index: rows ordered by these columns, ascending, nulls last. */
export interface IndexSpec {
  readonly table: TableId;
  readonly columns: readonly number[];
}

/** Bounds on the column that follows the equality prefix of an index. */
export interface IndexRange {
  readonly lower?: { readonly value: Value; readonly inclusive: boolean };
  readonly upper?: { readonly value: Value; readonly inclusive: boolean };
}

/**
 * The base tables at one position. `columns` are the positions wanted, in the order wanted; the
 * rows that come back have exactly these values. A bag table yields equal rows repeatedly. Rows
 * are fresh arrays; iterating after `close` is an InvariantError.
 */
export interface Snapshot {
  readonly position: string;
  scan(table: TableId, columns: readonly number[]): Iterable<Row>;
  /**
   * Rows whose first `equals.length` index columns equal `equals` (NULL never equals), within
   * `range` on the next column, ascending (or descending) in index order. The index must exist
   * (the table's own `key` always does).
   */
  lookup(
    index: IndexSpec,
    equals: readonly Value[],
    columns: readonly number[],
    options?: { readonly range?: IndexRange; readonly descending?: boolean },
  ): Iterable<Row>;
  /** Number of rows, exact. */
  count(table: TableId): number;
  close(): void;
}

/** One row's change within a batch; rows are full width. old null = insert, new null = delete. */
export interface RowDelta {
  readonly old: Row | null;
  readonly new: Row | null;
}

/** The net change of one or more whole commits, consolidated per key; bags may repeat rows. */
export type DeltaBatch = ReadonlyMap<TableId, readonly RowDelta[]>;

/**
 * A finished result in canonical text, dialect-neutral: for every row, for every column, an
 * int32 big-endian byte length (-1 = NULL) and that many bytes of the value's canonical text.
 */
export interface EncodedRows {
  readonly count: number;
  readonly bytes: Uint8Array;
}
