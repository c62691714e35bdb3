/**
 * A second opinion. Our parser is strict, but it is one; an independent one, which makes other
 * mistakes, has to read the same structure out of a statement before it is kept incrementally.
 */
import { InvariantError } from "@freshet/util";
import type { Parser } from "node-sql-parser/build/mysql.js";

import type { SelectStatement } from "../ast.ts";
import { FirstTree } from "./first-tree.ts";
import { selectText } from "./second-tree.ts";
import type { TokenStream } from "./token-stream.ts";

let parser: Parser | null = null;

/** Once, before the first `parseMysqlSelect`; cheap when repeated. */
export async function loadMysqlParser(): Promise<void> {
  if (parser !== null) return;
  const module = await import("node-sql-parser/build/mysql.js");
  parser = new module.default.Parser();
}

/** Why the two parsers do not agree, null when they do. */
export function disagreement(tokens: TokenStream, statement: SelectStatement): string | null {
  if (parser === null) throw new InvariantError("loadMysqlParser() comes first");
  const text = tokens.secondText();
  let second: unknown;
  try {
    second = parser.astify(text, { database: "mysql" });
  } catch {
    return "the second parser (node-sql-parser) cannot read the statement";
  }
  if (Array.isArray(second)) second = second.length === 1 ? second[0] : null;
  const first = new FirstTree(tokens.second).select(statement);
  if (first === selectText(second)) return null;
  return "the second parser (node-sql-parser) reads the statement differently; parentheses may help";
}
