import type { IndexRange, IndexSpec, Row, Snapshot, TableId, Value } from "@freshet/types";
import { ByteScratch } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import { boundsOf } from "./bounds.ts";
import { findIndex, META_POSITION, META_ROWS, sameColumns } from "./catalog.ts";
import type { Catalog, Table } from "./catalog.ts";
import type { Environment, ReadOptions } from "./environment.ts";
import { rowKeyFromKey, SPACE_BYTES } from "./keys.ts";
import { readRange } from "./range-reader.ts";
import type { RangeQuery, ReadContext } from "./range-reader.ts";
import { decodeFound, decodeWhole, findRow, isCut, uncutKey } from "./table-rows.ts";

/** What a snapshot needs of its store. */
export interface SnapshotOwner {
  /** Inside a write transaction reads would silently see that transaction. */
  isWriting(): boolean;
  closed(snapshot: LmdbSnapshot): void;
}

const NO_VALUES: readonly Value[] = [];
const key = new ByteScratch(256);
const wanted = new ByteScratch(256);

/** One LMDB read transaction with the catalog of the same moment. */
export class LmdbSnapshot implements Snapshot, ReadContext {
  readonly position: string;
  readonly openedAt: number;
  readonly data: Environment["data"];
  readonly options: ReadOptions;
  readonly #meta: Environment["meta"];
  readonly #catalog: Catalog;
  readonly #owner: SnapshotOwner;
  readonly #iterations = new Set<Generator<Row, void, undefined>>();
  #open = true;

  constructor(environment: Environment, catalog: Catalog, owner: SnapshotOwner, now: number) {
    this.data = environment.data;
    this.#meta = environment.meta;
    this.#catalog = catalog;
    this.#owner = owner;
    this.openedAt = now;
    this.options = { transaction: this.data.useReadTransaction() };
    this.position = this.#meta.get(META_POSITION, this.options) ?? "";
  }

  check(): void {
    if (!this.#open) throw new InvariantError("the snapshot is closed");
    if (this.#owner.isWriting()) {
      throw new InvariantError("a snapshot cannot be read inside a write");
    }
  }

  scan(table: TableId, columns: readonly number[]): Iterable<Row> {
    const target = this.#table(table);
    return this.#read({
      table: target,
      index: null,
      bounds: () => boundsOf(target, target.space, [], NO_VALUES, undefined),
      columns,
      descending: false,
    });
  }

  lookup(
    spec: IndexSpec,
    equals: readonly Value[],
    columns: readonly number[],
    options?: { readonly range?: IndexRange; readonly descending?: boolean },
  ): Iterable<Row> {
    const table = this.#table(spec.table);
    const range = options?.range;
    const primary = table.schema.key !== null && sameColumns(table.schema.key, spec.columns);
    if (primary && equals.length === spec.columns.length && range === undefined) {
      return this.#get(table, equals, columns);
    }
    const index = primary ? null : findIndex(table, spec);
    if (index === undefined) {
      throw new InvariantError(
        `table ${table.schema.schema}.${table.schema.name} has no index on ${spec.columns.join()}`,
      );
    }
    const space = index?.space ?? table.space;
    return this.#read({
      table,
      index,
      bounds: () => boundsOf(table, space, spec.columns, equals, range),
      columns,
      descending: options?.descending ?? false,
    });
  }

  count(table: TableId): number {
    this.check();
    this.#table(table);
    return Number(this.#meta.get(META_ROWS + table, this.options) ?? 0);
  }

  close(): void {
    if (!this.#open) return;
    // Cursors end before their transaction does.
    for (const iteration of this.#iterations) iteration.return();
    this.#iterations.clear();
    this.#open = false;
    this.options.transaction.done();
    this.#owner.closed(this);
  }

  #table(id: TableId): Table {
    const table = this.#catalog.get(id);
    if (table === undefined) throw new InvariantError(`no table ${id} in the store`);
    return table;
  }

  /** The row with this whole key, as a list of at most one. */
  #get(table: Table, equals: readonly Value[], columns: readonly number[]): readonly Row[] {
    this.check();
    const keyColumns = table.schema.key ?? [];
    if (equals.includes(null)) return [];
    rowKeyFromKey(key, table, equals, keyColumns);
    const row = findRow(this.data, table, key, this.options);
    if (row === null) return [];
    if (isCut(key.length - SPACE_BYTES) && !hasKey(table, decodeWhole(table.layout, row), equals)) {
      return [];
    }
    return [decodeFound(table.layout, row, columns)];
  }

  *#read(query: RangeQuery): Generator<Row, void, undefined> {
    const iteration = readRange(this, query);
    this.#iterations.add(iteration);
    try {
      yield* iteration;
    } finally {
      this.#iterations.delete(iteration);
    }
  }
}

/** Whether a full-width row has exactly these key values: a hash alone is not believed. */
export function hasKey(table: Table, row: Row, values: Row): boolean {
  const columns = table.schema.key ?? [];
  wanted.reset();
  wanted.appendUint32(table.space);
  columns.forEach((column, index) => {
    table.appenders[column]?.(wanted, values[index] ?? null);
  });
  const actual = uncutKey(table, table.space, row, columns);
  return (
    actual.length === wanted.length &&
    actual.bytes.compare(wanted.bytes, 0, wanted.length, 0, actual.length) === 0
  );
}
