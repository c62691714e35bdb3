/**
 * MySQL's and MariaDB's SQL to the neutral syntax tree: a strict parser of the SELECT statements
 * that can be kept incrementally. What it does not know it refuses; a second, independent parser
 * has to read the same tree out of the text.
 */
import { type SelectStatement, Unsupported } from "../ast.ts";
import { SHAPE_LIMIT_BYTES, TEXT_LIMIT_BYTES } from "../limits.ts";
import type { LexerSettings } from "../shape.ts";
import { unsupported } from "../unsupported.ts";
import { ParseContext } from "./parse-context.ts";
import { T_END, T_SEMICOLON } from "./scanner.ts";
import { disagreement } from "./second-reading.ts";
import { readStatement } from "./select.ts";
import { ShapeBuilder } from "./shape-builder.ts";
import { TokenStream } from "./token-stream.ts";

const builder = new ShapeBuilder();

interface Reading {
  readonly statement: SelectStatement;
  readonly tokens: TokenStream;
}

/**
 * Parses one SELECT (`text` is Unicode). All offsets in the tree are bytes of the UTF-8 text.
 * Each placeholder's `at` is the start of a slot of `mysqlLexer.shape`, and so is each literal's,
 * except in select lists and for units of time: those are part of the shape's own text. Numbers
 * in types are slots that do not appear in the tree as expressions. Names are as written: those
 * of columns and aliases, and of functions, are to be compared without regard to letter case.
 *
 * @throws Unsupported with the reason, for what the tree cannot express.
 * @throws SqlSyntaxError when the text is not SQL.
 */
export function parseMysqlSelect(text: string, settings: LexerSettings): SelectStatement {
  const { statement, tokens } = read(text, settings);
  const problem = disagreement(tokens, statement);
  if (problem !== null) throw new Unsupported(problem);
  return statement;
}

/** Our own reading alone, for tests. */
export function readMysqlSelect(text: string, settings: LexerSettings): SelectStatement {
  return read(text, settings).statement;
}

/** Why the second parser does not read the same in a text that ours can read; null if it does. */
export function crossCheckMysqlSelect(text: string, settings: LexerSettings): string | null {
  const { statement, tokens } = read(text, settings);
  return disagreement(tokens, statement);
}

function read(text: string, settings: LexerSettings): Reading {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  if (bytes.length > TEXT_LIMIT_BYTES) throw unsupported("a statement this long");
  const tokens = new TokenStream(bytes, settings);
  const shape = builder.build(bytes, settings);
  if (shape === null) throw unsupported("an unusual way to write a literal");
  if (shape.text === "") throw unsupported("an empty statement");
  if (shape.text.length > SHAPE_LIMIT_BYTES) throw unsupported("a statement this long");
  const result = readStatement(new ParseContext(tokens, settings, shape));
  while (tokens.acceptKind(T_SEMICOLON));
  if (tokens.peek().kind !== T_END) throw tokens.unexpected("the end of the statement");
  return { statement: result, tokens };
}
