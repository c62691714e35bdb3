/**
 * Postgres SQL to the neutral syntax tree, by the server's own grammar (libpg-query, version
 * 18, compiled to WebAssembly).
 */
import { hasSqlDetails, loadModule, parseSync } from "libpg-query";

import { type SelectStatement, Unsupported } from "../ast.ts";
import { SHAPE_LIMIT_BYTES, TEXT_LIMIT_BYTES } from "../limits.ts";
import { toSelect } from "./select.ts";
import { ShapeBuilder } from "./shape-builder.ts";
import { SlotMap } from "./slot-map.ts";
import { SqlSyntaxError } from "../syntax-error.ts";
import { type Json, rootFields, unsupported } from "./tree.ts";

const builder = new ShapeBuilder();

/** Once, before the first `parsePostgresSelect`; cheap when repeated. */
export async function loadPostgresParser(): Promise<void> {
  await loadModule();
}

/**
 * Parses one SELECT, read with `standard_conforming_strings` on. All offsets in the tree are
 * bytes of the UTF-8 text, and each literal's and placeholder's `at` is the start of a slot of
 * `postgresLexer.shape`, except string literals that are part of the shape's own text
 * (`$$…$$`, the field of EXTRACT): those are the same in every statement of the shape. Numbers
 * in type modifiers are slots that do not appear in the tree as expressions.
 *
 * @throws Unsupported with the reason, for what the tree cannot express.
 * @throws SqlSyntaxError when the grammar refuses the text.
 */
export function parsePostgresSelect(text: string): SelectStatement {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  if (bytes.length > TEXT_LIMIT_BYTES) throw unsupported("a statement this long");
  const shape = builder.build(bytes, true);
  if (shape?.text === "") throw unsupported("an empty statement");
  if ((shape?.text ?? bytes).length > SHAPE_LIMIT_BYTES) {
    throw unsupported("a statement this long");
  }
  const tree = rootFields(parseTree(text));
  if (shape === null) throw unsupported("an unusual way to write a literal");
  tree.ignore("version");
  const [statement, ...others] = tree.messages("stmts");
  tree.end();
  if (statement === undefined) throw unsupported("an empty statement");
  if (others.length > 0) throw unsupported("more than one statement");
  statement.ignore("stmt_len", "stmt_location");
  const node = statement.requiredNode("stmt");
  statement.end();
  if (node.tag !== "SelectStmt") throw new Unsupported("only SELECT can be cached");
  try {
    return toSelect(node.fields, new SlotMap(bytes, shape));
  } catch (error) {
    if (error instanceof RangeError) throw unsupported("a statement nested this deep");
    throw error;
  }
}

function parseTree(text: string): Json {
  try {
    return parseSync(text) as unknown as Json;
  } catch (error) {
    if (!hasSqlDetails(error)) {
      throw new Unsupported("the statement is too complex to parse", { cause: error });
    }
    const position = error.sqlDetails?.cursorPosition ?? -1;
    throw new SqlSyntaxError(error.message, position, { cause: error });
  }
}
