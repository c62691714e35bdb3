import { compareValues } from "@freshet/types";
import type { IndexRange, Row, TableSchema, Value } from "@freshet/types";

/** A table as a plain list: what the store is compared with. */
export class ModelTable {
  readonly schema: TableSchema;
  readonly rows: Row[];

  constructor(schema: TableSchema, rows: readonly Row[] = []) {
    this.schema = schema;
    this.rows = [...rows];
  }

  upsert(row: Row): Row | null {
    const { key } = this.schema;
    if (key === null) {
      this.rows.push(row);
      return null;
    }
    const at = this.#find(key.map((column) => row[column] ?? null));
    if (at < 0) {
      this.rows.push(row);
      return null;
    }
    return this.rows.splice(at, 1, row)[0] ?? null;
  }

  get(key: Row): Row | null {
    return this.rows[this.#find(key)] ?? null;
  }

  delete(keyOrRow: Row): Row | null {
    const at =
      this.schema.key === null
        ? this.rows.findIndex((row) => show(row) === show(keyOrRow))
        : this.#find(keyOrRow);
    return at < 0 ? null : (this.rows.splice(at, 1)[0] ?? null);
  }

  /** The rows that a lookup must give, in any order. */
  lookup(columns: readonly number[], equals: readonly Value[], range: IndexRange = {}): Row[] {
    return this.rows.filter((row) => {
      if (equals.some((value, at) => this.compare(columns[at] as number, row, value) !== 0)) {
        return false;
      }
      const { lower, upper } = range;
      const next = columns[equals.length] as number;
      if (lower !== undefined) {
        const order = this.compare(next, row, lower.value);
        if (order === null || order < 0 || (order === 0 && !lower.inclusive)) return false;
      }
      if (upper !== undefined) {
        const order = this.compare(next, row, upper.value);
        if (order === null || order > 0 || (order === 0 && !upper.inclusive)) return false;
      }
      return true;
    });
  }

  /** SQL's comparison: null when either side is NULL. */
  compare(column: number, row: Row, value: Value): number | null {
    const own = row[column] ?? null;
    const type = this.schema.columns[column]?.type;
    if (own === null || value === null || type === undefined) return null;
    return Math.sign(compareValues(type, own, value));
  }

  /** Index order: ascending, nulls last. */
  compareRows(columns: readonly number[], a: Row, b: Row): number {
    for (const column of columns) {
      const left = a[column] ?? null;
      const right = b[column] ?? null;
      const order =
        left === null || right === null
          ? Number(left === null) - Number(right === null)
          : (this.compare(column, a, right) ?? 0);
      if (order !== 0) return order;
    }
    return 0;
  }

  #find(key: Row): number {
    return this.rows.findIndex((row) =>
      key.every((value, at) => this.compare(this.schema.key?.[at] ?? -1, row, value) === 0),
    );
  }
}

/** A text that is equal for identical rows only. */
export function show(row: Row): string {
  return row.map(showValue).join("|");
}

function showValue(value: Value): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .sort()
      .map(([name, field]) => `${name}=${String(field)}`)
      .join();
  }
  return `${typeof value}:${String(value)}`;
}
