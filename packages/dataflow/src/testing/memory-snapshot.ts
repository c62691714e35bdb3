import { compareValues, equalValues, groupKey } from "@freshet/types";
import type {
  DeltaBatch,
  IndexRange,
  IndexSpec,
  Row,
  Snapshot,
  TableId,
  TableSchema,
  Value,
} from "@freshet/types";

/** Rows of one table shared by many snapshots; indexes are built when first asked for. */
class BaseTable {
  readonly schema: TableSchema;
  readonly rows: readonly Row[];
  readonly #indexes = new Map<string, Map<string, Row[]>>();

  constructor(schema: TableSchema, rows: readonly Row[]) {
    this.schema = schema;
    this.rows = rows;
  }

  find(columns: readonly number[], equals: readonly Value[]): readonly Row[] {
    const used = columns.slice(0, equals.length);
    const name = used.join(",");
    const types = used.map((column) => this.schema.columns[column]!.type);
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = new Map();
      for (const row of this.rows) {
        const key = groupKey(
          types,
          used.map((column) => row[column]!),
        );
        const bucket = index.get(key);
        if (bucket === undefined) index.set(key, [row]);
        else bucket.push(row);
      }
      this.#indexes.set(name, index);
    }
    return index.get(groupKey(types, equals)) ?? [];
  }
}

/**
 * Base tables in memory: an immutable base shared between snapshots and this snapshot's own small
 * difference from it. Rows are identified by object, so a delta must carry the stored row.
 */
export class MemorySnapshot implements Snapshot {
  readonly position: string;
  readonly #base: ReadonlyMap<TableId, BaseTable>;
  readonly #added: ReadonlyMap<TableId, readonly Row[]>;
  readonly #removed: ReadonlySet<Row>;
  /** Rows handed out, for tests of cost. */
  reads = 0;

  private constructor(
    position: string,
    base: ReadonlyMap<TableId, BaseTable>,
    added: ReadonlyMap<TableId, readonly Row[]>,
    removed: ReadonlySet<Row>,
  ) {
    this.position = position;
    this.#base = base;
    this.#added = added;
    this.#removed = removed;
  }

  static of(
    tables: readonly { readonly schema: TableSchema; readonly rows: readonly Row[] }[],
  ): MemorySnapshot {
    const base = new Map(
      tables.map(({ schema, rows }) => [schema.id, new BaseTable(schema, rows)]),
    );
    return new MemorySnapshot("0", base, new Map(), new Set());
  }

  /** The snapshot after a batch; `delta.old` must be rows (by identity) of this snapshot. */
  apply(batch: DeltaBatch): MemorySnapshot {
    const added = new Map(this.#added);
    const removed = new Set(this.#removed);
    for (const [table, deltas] of batch) {
      let mine = [...(added.get(table) ?? [])];
      for (const { old } of deltas) {
        if (old === null) continue;
        if (mine.includes(old)) mine = mine.filter((row) => row !== old);
        else removed.add(old);
      }
      for (const delta of deltas) if (delta.new !== null) mine.push(delta.new);
      added.set(table, mine);
    }
    return new MemorySnapshot(String(Number(this.position) + 1), this.#base, added, removed);
  }

  rows(table: TableId): readonly Row[] {
    const base = this.#base.get(table)!;
    const kept = base.rows.filter((row) => !this.#removed.has(row));
    return [...kept, ...(this.#added.get(table) ?? [])];
  }

  *scan(table: TableId, columns: readonly number[]): Iterable<Row> {
    const base = this.#base.get(table)!;
    for (const row of base.rows) {
      if (this.#removed.has(row)) continue;
      this.reads += 1;
      yield columns.map((column) => row[column]!);
    }
    for (const row of this.#added.get(table) ?? []) {
      this.reads += 1;
      yield columns.map((column) => row[column]!);
    }
  }

  *lookup(
    index: IndexSpec,
    equals: readonly Value[],
    columns: readonly number[],
    options: { readonly range?: IndexRange; readonly descending?: boolean } = {},
  ): Iterable<Row> {
    const base = this.#base.get(index.table)!;
    const { schema } = base;
    const matches = (row: Row): boolean =>
      equals.every((value, position) => {
        const column = index.columns[position]!;
        const held = row[column]!;
        return (
          held !== null && value !== null && equalValues(schema.columns[column]!.type, held, value)
        );
      }) && inRange(row, schema, index.columns[equals.length], options.range);
    const candidates = equals.length === 0 ? base.rows : base.find(index.columns, equals);
    for (const row of candidates) {
      if (this.#removed.has(row) || !matches(row)) continue;
      this.reads += 1;
      yield columns.map((column) => row[column]!);
    }
    for (const row of this.#added.get(index.table) ?? []) {
      if (!matches(row)) continue;
      this.reads += 1;
      yield columns.map((column) => row[column]!);
    }
  }

  count(table: TableId): number {
    const base = this.#base.get(table)!;
    let removed = 0;
    if (this.#removed.size > 0)
      for (const row of base.rows) if (this.#removed.has(row)) removed += 1;
    return base.rows.length - removed + (this.#added.get(table)?.length ?? 0);
  }

  close(): void {
    // Nothing is held.
  }
}

function inRange(
  row: Row,
  schema: TableSchema,
  column: number | undefined,
  range: IndexRange | undefined,
): boolean {
  if (range === undefined) return true;
  const value = row[column!]!;
  if (value === null) return false;
  const { type } = schema.columns[column!]!;
  const { lower, upper } = range;
  if (lower !== undefined) {
    if (lower.value === null) return false;
    const order = compareValues(type, value, lower.value);
    if (order < 0 || (order === 0 && !lower.inclusive)) return false;
  }
  if (upper !== undefined) {
    if (upper.value === null) return false;
    const order = compareValues(type, value, upper.value);
    if (order > 0 || (order === 0 && !upper.inclusive)) return false;
  }
  return true;
}
