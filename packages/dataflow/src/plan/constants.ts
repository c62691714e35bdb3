import { children, walk } from "./expression.ts";
import type { Expr } from "./expression.ts";
import type { Block } from "./block.ts";
import { groupConjuncts } from "./layout.ts";

/**
 * Evaluates every call on constants once: the upstream folds them while planning, so one that
 * raises fails the statement there even when no row would reach it. Throws Poisoned.
 */
export function checkConstants(block: Block): void {
  for (const expr of expressionsOf(block)) {
    walk(expr, (node) => {
      if (node.kind !== "call") return;
      const values = children(node).map((arg) => (arg.kind === "const" ? arg.value : null));
      const known = values.filter((value) => value !== null);
      if (known.length === values.length) node.fn.evaluate(...known);
    });
  }
  for (const source of block.sources) if (source.kind === "derived") checkConstants(source.block);
}

function expressionsOf({ from, grouping, output, limit, offset }: Block): readonly Expr[] {
  const found: Expr[] = [...groupConjuncts(from), ...output.map((column) => column.expr)];
  for (const expr of [limit, offset]) if (expr !== null) found.push(expr);
  if (grouping === null) return found;
  found.push(...grouping.keys, ...grouping.having);
  for (const { arg, filter } of grouping.aggregates) {
    if (arg !== null) found.push(arg);
    if (filter !== null) found.push(filter);
  }
  return found;
}
