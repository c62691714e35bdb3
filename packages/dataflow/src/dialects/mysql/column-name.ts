import type { Expression } from "@freshet/sql";

/** The name of an output column without alias, where another part of the query may use it. */
export function columnName(node: Expression): string {
  // Of anything else it is its text as written, which we have not kept.
  return node.kind === "column" ? node.path[node.path.length - 1]! : "";
}
