/**
 * Expressions by the grammar of sql/sql_yacc.yy: `expr`, `bool_pri`, `predicate` and `bit_expr`,
 * with its precedence. Combinations that the grammars of MySQL and MariaDB read differently, or
 * one of them not at all, are refused: `a IN (1) IN (2)`, `a IS NULL = b`, `a LIKE 'x' + 'y'`.
 */
import type { Expression } from "../ast.ts";
import { unsupported } from "../unsupported.ts";
import type { ParseContext } from "./parse-context.ts";
import { T_CLOSE, T_COMMA, T_OPEN } from "./scanner.ts";
import { concatenation, simpleExpression } from "./simple-expressions.ts";

const COMPARISONS: ReadonlySet<string> = new Set(["=", "<=>", ">=", ">", "<=", "<", "<>", "!="]);
const PREDICATES: ReadonlySet<string> = new Set(["in", "between", "like", "regexp", "rlike"]);
const PREDICATE_STARTS: ReadonlySet<string> = new Set([...PREDICATES, "not", "sounds", "member"]);

/** Binding of the operators of `bit_expr`, all left-associative. */
const BINDING: ReadonlyMap<string, number> = new Map([
  ["|", 1],
  ["&", 2],
  ["<<", 3],
  [">>", 3],
  ["+", 4],
  ["-", 4],
  ["*", 5],
  ["/", 5],
  ["%", 5],
  ["div", 5],
  ["mod", 5],
  ["^", 6],
]);

/** A whole expression. */
export function expression(context: ParseContext, inList = false): Expression {
  return context.nested(() => disjunction(context, inList));
}

function disjunction(context: ParseContext, inList: boolean): Expression {
  const or = (word: string): boolean => word === "or" || (word === "||" && !pipesConcat(context));
  return logical(context, inList, "or", or, exclusive, true);
}

function pipesConcat(context: ParseContext): boolean {
  return context.settings.pipesAsConcat;
}

function exclusive(context: ParseContext, inList: boolean): Expression {
  const { tokens } = context;
  const start = tokens.position;
  let left = conjunction(context, inList);
  if (tokens.peek().word !== "xor") return left;
  encloseChain(context, left, start);
  while (tokens.peek().word === "xor") {
    const at = tokens.take().start;
    const from = tokens.position;
    const right = conjunction(context, false);
    encloseChain(context, right, from);
    left = { kind: "binary", operator: "xor", left, right, at };
  }
  return left;
}

function conjunction(context: ParseContext, inList: boolean): Expression {
  const and = (word: string): boolean => word === "and" || word === "&&";
  return logical(context, inList, "and", and, negation, false);
}

/** See `SecondText`. */
function encloseChain(context: ParseContext, operand: Expression, from: number): void {
  const xor = operand.kind === "binary" && operand.operator === "xor";
  if (operand.kind === "and" || xor) context.tokens.encloseSince(from);
}

type Level = (context: ParseContext, inList: boolean) => Expression;

function logical(
  context: ParseContext,
  inList: boolean,
  kind: "and" | "or",
  isOperator: (word: string) => boolean,
  operand: Level,
  encloses: boolean,
): Expression {
  const { tokens } = context;
  const start = tokens.position;
  const first = operand(context, inList);
  if (!isOperator(tokens.peek().word)) return first;
  const { start: at } = tokens.peek();
  if (encloses) encloseChain(context, first, start);
  const operands = [first];
  while (isOperator(tokens.peek().word)) {
    tokens.take();
    const from = tokens.position;
    const next = operand(context, false);
    if (encloses) encloseChain(context, next, from);
    operands.push(next);
  }
  return { kind, operands, at };
}

function negation(context: ParseContext, inList: boolean): Expression {
  const { tokens, settings } = context;
  if (tokens.peek().word !== "not" || settings.highNotPrecedence) {
    return comparison(context, inList);
  }
  const at = tokens.take().start;
  const operand = context.nested(() => negation(context, false));
  return { kind: "unary", operator: "not", operand, at };
}

/** `bool_pri`, and the tests that end it. */
function comparison(context: ParseContext, inList: boolean): Expression {
  const { tokens } = context;
  let left = predicate(context, inList);
  for (;;) {
    const token = tokens.peek();
    if (token.word === "is") {
      left = test(context, left);
      const { word } = tokens.peek();
      if (word === "is" || COMPARISONS.has(word)) throw unsupported("a test after IS");
      return left;
    }
    if (!COMPARISONS.has(token.word)) return left;
    tokens.take();
    const { word } = tokens.peek();
    if (word === "any" || word === "some" || word === "all") {
      if (tokens.peek(1).kind === T_OPEN) throw unsupported("a subquery in an expression");
    }
    if (word === "not" && !context.settings.highNotPrecedence) throw unsupported("NOT here");
    const right = predicate(context, false);
    left = { kind: "binary", operator: token.word, left, right, at: token.start };
  }
}

const TESTS: ReadonlySet<string> = new Set(["null", "true", "false", "unknown"]);

function test(context: ParseContext, operand: Expression): Expression {
  const { tokens } = context;
  const at = tokens.take().start;
  const negated = tokens.accept("not");
  const { word } = tokens.peek();
  if (!TESTS.has(word)) throw unsupported(`IS ${word.toUpperCase()}`);
  tokens.take();
  const name = word as "null" | "true" | "false" | "unknown";
  return { kind: "is", test: negated ? `not ${name}` : name, operand, at };
}

function predicate(context: ParseContext, inList: boolean): Expression {
  const { tokens } = context;
  const operand = bits(context, inList);
  const at = tokens.peek().start;
  if (!PREDICATE_STARTS.has(tokens.peek().word)) return operand;
  if (tokens.peek().word === "not" && !PREDICATES.has(tokens.peek(1).word)) return operand;
  tokens.refuse("sounds", "SOUNDS LIKE");
  tokens.refuse("member", "MEMBER OF");
  const negated = tokens.accept("not");
  const result = predicateOf(context, operand, negated, at);
  const { word } = tokens.peek();
  if (PREDICATE_STARTS.has(word)) throw unsupported(`${word.toUpperCase()} after a predicate`);
  if (BINDING.has(word) || word === "collate") {
    throw unsupported(`${word.toUpperCase()} after a predicate`);
  }
  return result;
}

function predicateOf(
  context: ParseContext,
  operand: Expression,
  negated: boolean,
  at: number,
): Expression {
  const { tokens } = context;
  const { word } = tokens.take();
  switch (word) {
    case "in":
      return { kind: "in-list", negated, operand, list: inElements(context), at };
    case "between": {
      const low = bits(context, false);
      tokens.expect("and");
      const high = bits(context, false);
      return { kind: "between", negated, symmetric: false, operand, low, high, at };
    }
    case "like": {
      const operator = negated ? "not like" : "like";
      return { kind: "binary", operator, left: operand, right: pattern(context), at };
    }
    default: {
      const operator = negated ? "not regexp" : "regexp";
      return { kind: "binary", operator, left: operand, right: bits(context, false), at };
    }
  }
}

function inElements(context: ParseContext): Expression[] {
  const { tokens } = context;
  tokens.expectKind(T_OPEN);
  const { word } = tokens.peek();
  if (word === "select" || word === "with" || word === "values" || word === "table") {
    throw unsupported("a subquery in an expression");
  }
  const list: Expression[] = [];
  do list.push(expression(context, true));
  while (tokens.acceptKind(T_COMMA));
  tokens.expectKind(T_CLOSE);
  return list;
}

/** What LIKE compares with; an escape character makes it a call of `like_escape`. */
function pattern(context: ParseContext): Expression {
  const { tokens } = context;
  const text = concatenation(context, false);
  if (tokens.peek().word !== "escape") return text;
  const at = tokens.take().start;
  return {
    kind: "call",
    name: ["like_escape"],
    args: [text, simpleExpression(context, false)],
    star: false,
    distinct: false,
    filter: null,
    at,
  };
}

/** `bit_expr`. */
export function bits(context: ParseContext, inList: boolean, floor = 1): Expression {
  const { tokens } = context;
  let left = concatenation(context, inList);
  for (;;) {
    const { word, start: at } = tokens.peek();
    const binding = BINDING.get(word);
    if (binding === undefined || binding < floor) return left;
    tokens.take();
    const right = bits(context, false, binding + 1);
    const operator = word === "mod" ? "%" : word;
    left = { kind: "binary", operator, left, right, at };
  }
}
