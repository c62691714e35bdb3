import { isOrderable } from "@freshet/types";
import type { IndexSpec, SqlType, TableSchema } from "@freshet/types";
import { sourcesOf } from "./expression.ts";
import type { ColumnExpr, Expr } from "./expression.ts";
import { narrowing } from "./narrowing.ts";
import type { Narrow } from "./narrowing.ts";

/** A conjunct that fixes a column of a source to a value known before the source is read. */
export interface EqualityEdge {
  readonly conjunct: Expr;
  readonly column: number;
  readonly type: SqlType;
  /** One value, or the elements of a list. */
  readonly value:
    | { readonly expr: Expr }
    | { readonly list: readonly Expr[] | { readonly param: number }; readonly by: SqlType };
  /** From the comparison's type to the column's; undefined: no row can match. */
  readonly narrow: Narrow;
}

export interface RangeEdge {
  readonly conjunct: Expr;
  readonly column: number;
  readonly lower: boolean;
  readonly inclusive: boolean;
  readonly value: Expr;
}

/** The column under conversions that keep equality and order, or null. */
export function plainColumn(expr: Expr): ColumnExpr | null {
  if (expr.kind === "column") return expr;
  if (expr.kind === "call" && expr.fn.widens === true) return plainColumn(expr.args[0]!);
  return null;
}

/** Equalities usable to look the source up once `bound` sources are known. */
export function equalityEdges(
  conjuncts: readonly Expr[],
  source: number,
  bound: ReadonlySet<number>,
): readonly EqualityEdge[] {
  const known = (expr: Expr): boolean => [...sourcesOf(expr)].every((other) => bound.has(other));
  const edges: EqualityEdge[] = [];
  for (const conjunct of conjuncts) {
    if (conjunct.kind === "compare" && conjunct.op === "=") {
      for (const [side, other] of [
        [conjunct.left, conjunct.right],
        [conjunct.right, conjunct.left],
      ] as const) {
        const column = plainColumn(side);
        if (column === null || column.source !== source || !known(other)) continue;
        const narrow = narrowing(conjunct.by, column.type);
        if (narrow === null) continue;
        edges.push({
          conjunct,
          column: column.column,
          type: column.type,
          value: { expr: other },
          narrow,
        });
        break;
      }
    } else if (conjunct.kind === "in" && !conjunct.negated) {
      const column = plainColumn(conjunct.operand);
      if (column === null || column.source !== source) continue;
      if (!("param" in conjunct.list) && !conjunct.list.every(known)) continue;
      const narrow = narrowing(conjunct.by, column.type);
      if (narrow === null) continue;
      const value = { list: conjunct.list, by: conjunct.by };
      edges.push({ conjunct, column: column.column, type: column.type, value, narrow });
    }
  }
  return edges;
}

export function rangeEdges(
  conjuncts: readonly Expr[],
  source: number,
  bound: ReadonlySet<number>,
): readonly RangeEdge[] {
  const edges: RangeEdge[] = [];
  for (const conjunct of conjuncts) {
    if (conjunct.kind !== "compare" || conjunct.op === "=" || conjunct.op === "<>") continue;
    const left = plainColumn(conjunct.left);
    const flipped = left === null || left.source !== source;
    const column = flipped ? plainColumn(conjunct.right) : left;
    const value = flipped ? conjunct.left : conjunct.right;
    if (column === null || column.source !== source) continue;
    if (![...sourcesOf(value)].every((other) => bound.has(other))) continue;
    if (column.type.kind !== conjunct.by.kind || isOrderable(column.type) !== null) continue;
    if ((column.type.unsigned === true) !== (conjunct.by.unsigned === true)) continue;
    if (column.type.collation?.name !== conjunct.by.collation?.name) continue;
    const greater = conjunct.op.startsWith(">") !== flipped;
    const inclusive = conjunct.op.endsWith("=");
    edges.push({ conjunct, column: column.column, lower: greater, inclusive, value });
  }
  return edges;
}

export interface ChosenIndex {
  readonly index: IndexSpec;
  readonly equal: readonly EqualityEdge[];
  readonly range: readonly RangeEdge[];
  readonly unique: boolean;
}

const MAX_INDEX_COLUMNS = 4;

/** The index that serves these edges best; null when there is nothing to look up by. */
export function chooseIndex(
  table: TableSchema,
  edges: readonly EqualityEdge[],
  ranges: readonly RangeEdge[],
): ChosenIndex | null {
  const byColumn = new Map<number, EqualityEdge>();
  let listed = false;
  const scalarsFirst = [...edges].sort(
    (a, b) => Number("list" in a.value) - Number("list" in b.value),
  );
  for (const edge of scalarsFirst) {
    if (byColumn.has(edge.column)) continue;
    // More than one list would multiply look-ups; the others stay filters.
    if ("list" in edge.value && listed) continue;
    if ("list" in edge.value) listed = true;
    byColumn.set(edge.column, edge);
  }
  const keys = [...(table.key === null ? [] : [table.key]), ...table.uniqueKeys];
  for (const key of keys) {
    if (key.length > 0 && key.every((column) => byColumn.has(column))) {
      const equal = key.map((column) => byColumn.get(column)!);
      return { index: { table: table.id, columns: key }, equal, range: [], unique: true };
    }
  }
  const columns = [...byColumn.keys()].sort((a, b) => a - b).slice(0, MAX_INDEX_COLUMNS);
  const range = pickRange(ranges, columns);
  if (columns.length === 0 && range.length === 0) return null;
  const own = table.key;
  if (own !== null && range.length === 0 && isPrefix(own, columns)) {
    const equal = own.slice(0, columns.length).map((column) => byColumn.get(column)!);
    return { index: { table: table.id, columns: own }, equal, range, unique: false };
  }
  if (own !== null && columns.length === 0 && own[0] === range[0]!.column) {
    return { index: { table: table.id, columns: own }, equal: [], range, unique: false };
  }
  const indexed = range.length > 0 ? [...columns, range[0]!.column] : columns;
  const equal = columns.map((column) => byColumn.get(column)!);
  return { index: { table: table.id, columns: indexed }, equal, range, unique: false };
}

function isPrefix(key: readonly number[], columns: readonly number[]): boolean {
  const start = key.slice(0, columns.length);
  return (
    columns.length > 0 && start.length === columns.length && columns.every((c) => start.includes(c))
  );
}

/** One lower and one upper bound on one column that is not fixed already. */
function pickRange(ranges: readonly RangeEdge[], fixed: readonly number[]): readonly RangeEdge[] {
  const first = ranges.find((edge) => !fixed.includes(edge.column));
  if (first === undefined) return [];
  const opposite = ranges.find(
    (edge) => edge.column === first.column && edge.lower !== first.lower,
  );
  return opposite === undefined ? [first] : [first, opposite];
}
