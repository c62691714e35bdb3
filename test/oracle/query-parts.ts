import type { ColumnType } from "./dialect.ts";
import type { QueryParam } from "./query.ts";

/** A column that a query may name. */
export interface Visible {
  readonly name: string;
  readonly type: ColumnType;
  /** Stands for a group: of equal values it may show any. */
  readonly representative?: boolean;
}

export interface Scalar {
  readonly expr: string;
  readonly hashable: boolean;
  readonly orderable: boolean;
  readonly loose: boolean;
}

/** Collects a query's parameters while its texts are made. */
export class ParamList {
  readonly params: QueryParam[] = [];

  add(type: ColumnType, use: QueryParam["use"] = "value"): string {
    return `{${this.params.push({ type: type.sql, use }) - 1}}`;
  }
}

export function plain({ name, type }: Visible): Scalar {
  const { hashable, orderable } = type;
  return { expr: name, hashable, orderable, loose: type.loose !== null };
}

export function computed(expr: string, type: ColumnType | null = null): Scalar {
  return { expr, hashable: true, orderable: true, loose: (type?.loose ?? null) !== null };
}
