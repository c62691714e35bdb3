import type { EqualityEdge } from "../plan/access.ts";
import type { Block } from "../plan/block.ts";
import { shownKey } from "../plan/block.ts";
import { GROUP_SOURCE } from "../plan/expression.ts";
import type { Expr } from "../plan/expression.ts";

/**
 * The block restricted to rows whose outputs equal further parameters, the restriction moved
 * below grouping; null where that would change the rows (LIMIT, aggregates as keys).
 */
export function keyedVariant(
  block: Block,
  edges: readonly EqualityEdge[],
  params: number,
): Block | null {
  if (edges.length === 0 || block.limit !== null || block.offset !== null) return null;
  const conjuncts: Expr[] = [];
  for (const [index, edge] of edges.entries()) {
    const output = block.output[edge.column]!.expr;
    let inner: Expr = output;
    if (block.grouping !== null) {
      const shown = output.kind === "column" && output.source === GROUP_SOURCE;
      const key = shown ? shownKey(block.grouping, output.column) : -1;
      const below = block.grouping.keys[key];
      if (below === undefined) return null;
      inner = below;
    }
    const right: Expr = { kind: "param", param: params + index, type: edge.type };
    // The comparison's boolean type is never looked at; any type serves.
    conjuncts.push({
      kind: "compare",
      op: "=",
      left: inner,
      right,
      by: edge.type,
      type: edge.type,
    });
  }
  const from = { ...block.from, conjuncts: [...block.from.conjuncts, ...conjuncts] };
  return { ...block, from };
}
