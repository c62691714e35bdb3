import type { Expr } from "./expression.ts";
import { shownKey } from "./block.ts";
import type { Block, Group } from "./block.ts";
import { hasSpellings } from "./one-form.ts";
import { GROUP_SOURCE, sameExpr } from "./expression.ts";

/**
 * Whether ORDER BY leaves no choice between rows that differ: all visible columns are sorted by,
 * or the keys of the only table, or the grouping keys.
 */
export function fixesOrder(block: Block): boolean {
  const sorted = block.order.map((item) => unwrap(block.output[item.column]!.expr));
  const exact = (kind: string): boolean =>
    kind !== "decimal" && kind !== "bpchar" && kind !== "interval";
  const allVisible = block.output
    .slice(0, block.visible)
    .every(
      (column) =>
        exact(column.expr.type.kind) &&
        !hasSpellings(column.expr.type) &&
        sorted.some((expr) => sameExpr(expr, unwrap(column.expr))),
    );
  if (allVisible) return true;
  const { grouping } = block;
  if (grouping !== null) {
    const keys = new Set(
      sorted.flatMap((expr) =>
        expr.kind === "column" && expr.source === GROUP_SOURCE
          ? [shownKey(grouping, expr.column)]
          : [],
      ),
    );
    return grouping.keys.every((_, index) => keys.has(index));
  }
  if (block.distinct) return false;
  const [only] = block.sources;
  if (block.sources.length !== 1 || only?.kind !== "table" || !isPlain(block.from)) return false;
  const columns = new Set(sorted.flatMap((expr) => (expr.kind === "column" ? [expr.column] : [])));
  const keys = [...(only.table.key === null ? [] : [only.table.key]), ...only.table.uniqueKeys];
  return keys.some((key) => key.every((column) => columns.has(column)));
}

/** Rows equal by an expression under another collation are equal by the expression. */
function unwrap(expr: Expr): Expr {
  return expr.kind === "call" && expr.fn.identity === true ? unwrap(expr.args[0]!) : expr;
}

function isPlain(group: Group): boolean {
  return group.lefts.length === 0;
}
