import type { IndexSpec, Row, Value } from "@freshet/types";
import { compileExpr } from "../exec/compile-expression.ts";
import type { Compiled, Env } from "../exec/compile-expression.ts";
import type { Block } from "../plan/block.ts";
import { columnsOf, GROUP_SOURCE, paramsOf } from "../plan/expression.ts";
import type { Expr } from "../plan/expression.ts";
import { Layout } from "../plan/layout.ts";
import { planTrace } from "./trace-plan.ts";
import type { TracedSource } from "./tracer.ts";

/**
 * From a row changed below a derived table to filled keys: only rows of the derived table that
 * agree with it in the outputs that depend on this row alone (usually grouping keys) can change.
 * The trace goes on from those outputs. Null where none is known, or where LIMIT lets other rows
 * move; then all keys are affected.
 */
export function traceDerived(
  outer: Block,
  layout: Layout,
  params: number,
  derived: number,
  indexes: IndexSpec[],
  block: Block,
  source: number,
): TracedSource | null {
  if (block.limit !== null || block.offset !== null) return null;
  // On the null-supplying side of a join, a change also moves rows with NULL in its place.
  if (!block.from.sources.includes(source)) return null;
  const inner = new Layout(block, params);
  const known = new Map<number, Compiled>();
  for (const column of layout.columns[derived]!) {
    const expr = inputOf(block, block.output[column]!.expr);
    if (expr === null || paramsOf(expr).size > 0) continue;
    const read = columnsOf(expr);
    if (read.length === 0 || !read.every((item) => item.source === source)) continue;
    known.set(column, compileExpr(expr, inner.slotOf));
  }
  if (known.size === 0) return null;
  const plan = planTrace(outer, layout, params, derived, indexes, { known: new Set(known.keys()) });
  const columns = inner.columns[source]!;
  const base = inner.base[source]!;
  const scratch: Env = new Array<Value>(inner.size).fill(null);
  const targets = [...known].map(([column, value]) => ({
    slot: layout.slotOf(derived, column),
    value,
  }));
  const enter = (row: Row, env: Env): void => {
    for (let at = 0; at < columns.length; at += 1) scratch[base + at] = row[columns[at]!]!;
    for (const { slot, value } of targets) env[slot] = value(scratch);
  };
  return { plan, enter };
}

/** The expression over input rows that an output is, or null when it is an aggregate's. */
function inputOf(block: Block, output: Expr): Expr | null {
  if (block.grouping === null) return output;
  if (output.kind !== "column" || output.source !== GROUP_SOURCE) return null;
  return block.grouping.keys[output.column] ?? null;
}
