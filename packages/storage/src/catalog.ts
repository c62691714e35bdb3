import type { IndexSpec, KeyAppender, RowLayout, TableId, TableSchema } from "@freshet/types";
import { compileLayout, keyAppender } from "@freshet/types";
import type { TableState } from "./contract.ts";

/**
 * A *space* is a range of the data database: all keys with one 4-byte prefix. A table's rows are
 * one space and each of its indexes another. Emptying a table gives it fresh spaces and puts the
 * old ones on the list of garbage, so truncating takes no longer than anything else.
 */
export type SpaceId = number;

export interface StoredIndex {
  readonly columns: readonly number[];
  readonly space: SpaceId;
}

/** What is stored about a table, as JSON. */
export interface TableRecord {
  readonly schema: TableSchema;
  readonly state: TableState;
  readonly space: SpaceId;
  readonly indexes: readonly StoredIndex[];
}

/** A table as the code uses it; replaced whole when its record changes, except for `rows`. */
export interface Table extends TableRecord {
  readonly id: TableId;
  readonly layout: RowLayout;
  readonly appenders: readonly KeyAppender[];
  /** Indexes on the way: kept current by every write, read by nobody yet. */
  readonly building: readonly StoredIndex[];
  /** As of the transaction running or the last commit. */
  readonly counter: { rows: number };
}

export type Catalog = ReadonlyMap<TableId, Table>;

export function tableOf(record: TableRecord, rows: number, previous?: Table): Table {
  const types = record.schema.columns.map((column) => column.type);
  return {
    ...record,
    id: record.schema.id,
    layout: previous?.layout ?? compileLayout(types),
    appenders: previous?.appenders ?? types.map(keyAppender),
    building: previous?.building ?? [],
    counter: previous?.counter ?? { rows },
  };
}

export function recordOf(table: Table): TableRecord {
  return {
    schema: table.schema,
    state: table.state,
    space: table.space,
    indexes: table.indexes,
  };
}

export function sameColumns(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** The secondary index on exactly these columns. */
export function findIndex(table: Table, spec: IndexSpec): StoredIndex | undefined {
  for (const index of table.indexes) {
    if (index.columns === spec.columns || sameColumns(index.columns, spec.columns)) return index;
  }
  return undefined;
}

export const META_POSITION = "position";
export const META_NEXT_SPACE = "next-space";
export const META_DOCUMENT = "document:";
export const META_TABLE = "table:";
export const META_ROWS = "rows:";
export const META_GARBAGE = "garbage:";
