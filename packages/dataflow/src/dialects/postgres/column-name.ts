import { Unsupported } from "@freshet/sql";
import type { Expression } from "@freshet/sql";

const UNNAMED = "?column?";

/** The name of an output column without alias (FigureColname in parse_target.c). */
export function columnName(node: Expression): string {
  return figure(node)?.name ?? UNNAMED;
}

function figure(node: Expression): { readonly name: string; readonly strong: boolean } | null {
  switch (node.kind) {
    case "column":
      return { name: node.path[node.path.length - 1]!, strong: true };
    case "call":
      return { name: node.name[node.name.length - 1]!, strong: true };
    case "boolean":
      // "bool" before version 15, "?column?" since.
      throw new Unsupported("a boolean constant without a column alias");
    case "cast": {
      const inner = figure(node.operand);
      if (inner !== null && inner.strong) return inner;
      return { name: node.type.path[node.type.path.length - 1]!, strong: false };
    }
    case "collate":
      return figure(node.operand);
    case "case": {
      const last = node.otherwise === null ? null : figure(node.otherwise);
      return last !== null && last.strong ? last : { name: "case", strong: false };
    }
    default:
      return null;
  }
}
