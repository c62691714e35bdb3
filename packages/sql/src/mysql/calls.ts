/** Calls, and what looks like calls: CAST, CONVERT, CASE. */
import type { Expression } from "../ast.ts";
import { unsupported } from "../unsupported.ts";
import { bits, expression } from "./expressions.ts";
import type { ParseContext } from "./parse-context.ts";
import { T_CLOSE, T_COMMA, T_OPEN, T_OPERATOR, T_WORD } from "./scanner.ts";
import { typeName } from "./types.ts";
import { RESERVED_SOMEWHERE, RESERVED_WORDS } from "./words.data.ts";

/** Reserved words that are functions with plain arguments. */
const RESERVED_FUNCTIONS: ReadonlySet<string> = new Set(
  "if left right replace repeat mod insert char".split(" "),
);

/** `f(unit, …)`: the unit is a word. */
const UNIT_FIRST: ReadonlySet<string> = new Set(["timestampdiff", "timestampadd"]);
const UNITS: ReadonlySet<string> = new Set(
  "microsecond second minute hour day week month quarter year".split(" "),
);

/** Between the arguments of functions whose syntax is their own. */
const ARGUMENT_WORDS: readonly string[] = ["from", "for", "using", "order", "separator", "as"];

export function call(context: ParseContext): Expression {
  const { tokens } = context;
  const name = tokens.take();
  const { word, start: at } = name;
  const upper = name.text.toUpperCase();
  if (name.kind !== T_WORD) throw unsupported("a function's name in quotes");
  // With a space there it may be a stored function, or an error: IGNORE_SPACE.
  if (!tokens.peek().touching) throw unsupported(`${upper} with a space before its parenthesis`);
  const reserved = RESERVED_WORDS.has(word) || RESERVED_SOMEWHERE.has(word);
  if (reserved && !RESERVED_FUNCTIONS.has(word)) throw unsupported(`${upper}()`);
  // Ours alone: see LIKE … ESCAPE.
  if (word === "like_escape") throw unsupported("a stored function");
  tokens.take();
  tokens.second.replace(at, `f_${word}`);
  const make = (args: Expression[], star = false, distinct = false): Expression => {
    tokens.expectKind(T_CLOSE);
    if (tokens.peek().word === "over") throw unsupported("window functions");
    return { kind: "call", name: [name.text], args, star, distinct, filter: null, at };
  };
  if (tokens.peek().kind === T_CLOSE) return make([]);
  if (word === "count" && isStar(context)) {
    tokens.second.replace(tokens.take().start, "0");
    return make([], true);
  }
  if (word === "extract") {
    const unit = unitLiteral(context);
    separate(context, "from");
    return make([unit, expression(context)]);
  }
  if (word === "position") {
    const sought = bits(context, false);
    separate(context, "in");
    tokens.second.replace(at, "f_locate");
    return { ...make([sought, expression(context)]), name: ["locate"] } as Expression;
  }
  const distinct = tokens.peek().word === "distinct";
  if (distinct) tokens.takeHidden();
  for (const prefix of ["all", "leading", "trailing", "both"]) {
    if (tokens.peek().word === prefix) throw unsupported(`${prefix.toUpperCase()} in a call`);
  }
  const args = [UNIT_FIRST.has(word) ? unitLiteral(context) : expression(context)];
  if (
    (word === "substring" || word === "substr" || word === "mid") &&
    tokens.peek().word === "from"
  ) {
    separate(context, "from");
    args.push(expression(context));
    if (tokens.peek().word !== "for") return make(args);
    separate(context, "for");
    args.push(expression(context));
    return make(args);
  }
  while (tokens.acceptKind(T_COMMA)) args.push(expression(context));
  const { word: next } = tokens.peek();
  if (ARGUMENT_WORDS.includes(next)) throw unsupported(`${next.toUpperCase()} in ${upper}()`);
  return make(args, false, distinct);
}

/** A word that stands between two arguments like a comma. */
function separate(context: ParseContext, word: string): void {
  const { start } = context.tokens.peek();
  context.tokens.expect(word);
  context.tokens.second.replace(start, ",");
}

function isStar(context: ParseContext): boolean {
  const token = context.tokens.peek();
  return token.kind === T_OPERATOR && token.word === "*";
}

/** A unit of time, as a literal of the shape's own text. */
function unitLiteral(context: ParseContext): Expression {
  const { tokens } = context;
  const { word, start: at } = tokens.peek();
  if (!UNITS.has(word)) throw unsupported("a compound unit of time");
  tokens.take();
  tokens.second.string(at);
  return { kind: "literal", literal: "string", text: word, at };
}

/** `CAST(x AS type)`. */
export function cast(context: ParseContext): Expression {
  const { tokens } = context;
  const at = tokens.take().start;
  open(context, "CAST", at);
  const operand = expression(context);
  separate(context, "as");
  const type = typeName(context);
  tokens.expectKind(T_CLOSE);
  return { kind: "cast", operand, type, at };
}

/** `CONVERT(x, type)`; the other CONVERT changes the character set. */
export function convert(context: ParseContext): Expression {
  const { tokens } = context;
  const at = tokens.take().start;
  open(context, "CONVERT", at);
  const operand = expression(context);
  tokens.refuse("using", "CONVERT … USING");
  tokens.expectKind(T_COMMA);
  const type = typeName(context);
  tokens.expectKind(T_CLOSE);
  return { kind: "cast", operand, type, at };
}

function open(context: ParseContext, name: string, at: number): void {
  context.tokens.second.replace(at, "f_cast");
  const { touching } = context.tokens.expectKind(T_OPEN);
  if (!touching) throw unsupported(`${name} with a space before its parenthesis`);
}

export function caseExpression(context: ParseContext): Expression {
  const { tokens } = context;
  const at = tokens.take().start;
  const operand = tokens.peek().word === "when" ? null : expression(context);
  const branches: { when: Expression; then: Expression }[] = [];
  while (tokens.accept("when")) {
    const when = expression(context);
    tokens.expect("then");
    branches.push({ when, then: expression(context) });
  }
  if (branches.length === 0) throw tokens.unexpected("WHEN");
  const otherwise = tokens.accept("else") ? expression(context) : null;
  tokens.expect("end");
  return { kind: "case", operand, branches, otherwise, at };
}
