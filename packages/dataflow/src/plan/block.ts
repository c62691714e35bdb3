import type { Decimal, SqlType, TableSchema, Value } from "@freshet/types";
import { sameExpr } from "./expression.ts";
import type { Expr } from "./expression.ts";

/**
 * The logical plan: one `Block` per SELECT that could not be merged into the one around it. Its
 * sources are numbered; expressions name columns by (source, column position).
 *
 * Joins are in a normal form: a `Group` is an inner join of sources under conjuncts, then left
 * joins, each of a nested group. A conjunct of a group may name the sources of that group, of its
 * own left-joined groups (then it filters after them), and of the groups around it.
 */
export interface Group {
  readonly sources: readonly number[];
  readonly conjuncts: readonly Expr[];
  readonly lefts: readonly Group[];
}

export type Source =
  | { readonly kind: "table"; readonly table: TableSchema; readonly label: string }
  | { readonly kind: "derived"; readonly block: Block; readonly label: string };

export interface Aggregate {
  readonly call: AggregateFunction;
  readonly arg: Expr | null;
  readonly distinct: boolean;
  readonly filter: Expr | null;
  readonly type: SqlType;
  /** AVG: the quotient; null where the dialect's own rule of `averageDecimal` holds. */
  readonly average?: (sum: Decimal, count: number) => Value;
}

export type AggregateFunction =
  | "count"
  | "sum-int"
  | "sum-bigint"
  | "sum-decimal"
  | "avg-int"
  | "avg-decimal"
  | "min"
  | "max"
  /** The value all rows have; poisons a group where it is spelled in several ways. */
  | "only"
  | "bool-and"
  | "bool-or";

export interface Ordering {
  /** Position in `output`. */
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface OutputColumn {
  readonly name: string;
  readonly expr: Expr;
}

export interface Block {
  readonly sources: readonly Source[];
  readonly from: Group;
  /** Null: no grouping. Keys may be empty (one group, always present). */
  readonly grouping: {
    readonly keys: readonly Expr[];
    readonly aggregates: readonly Aggregate[];
    readonly having: readonly Expr[];
  } | null;
  /** Visible columns first, then those only ORDER BY needs; over GROUP_SOURCE when grouped. */
  readonly output: readonly OutputColumn[];
  readonly visible: number;
  readonly distinct: boolean;
  readonly order: readonly Ordering[];
  readonly limit: Expr | null;
  readonly offset: Expr | null;
}

/** The grouping key that a column of the group's row shows, or -1. */
export function shownKey(grouping: NonNullable<Block["grouping"]>, column: number): number {
  const { keys, aggregates } = grouping;
  if (column < keys.length) return column;
  const aggregate = aggregates[column - keys.length];
  return aggregate?.call === "only" ? keys.findIndex((key) => sameExpr(key, aggregate.arg!)) : -1;
}

/** Every source number of a group and the groups under it. */
export function groupSources(group: Group): readonly number[] {
  return [...group.sources, ...group.lefts.flatMap(groupSources)];
}
