/** `simple_expr` of the grammar: signs, literals, columns, and what is in parentheses. */
import type { Expression } from "../ast.ts";
import { checkNumber, checkString, slotMismatch } from "../slot-places.ts";
import { unsupported } from "../unsupported.ts";
import { caseExpression, call, cast, convert } from "./calls.ts";
import { expression } from "./expressions.ts";
import { integerClass, stringContent } from "./literal.ts";
import type { ParseContext } from "./parse-context.ts";
import {
  T_CLOSE,
  T_COMMA,
  T_DECIMAL,
  T_DOT,
  T_ESCAPED,
  T_INTEGER,
  T_OPEN,
  T_PARAM,
  T_QUOTED,
  T_STRING,
  T_VARIABLE,
  T_VERBATIM,
  T_WORD,
} from "./scanner.ts";
import { type Token, unicode } from "./token-stream.ts";

/** `||` that concatenates binds more tightly than `^`, less than a sign. */
export function concatenation(context: ParseContext, inList: boolean): Expression {
  const { tokens, settings } = context;
  let left = simpleExpression(context, inList);
  while (settings.pipesAsConcat && tokens.peek().word === "||") {
    const at = tokens.take().start;
    const right = simpleExpression(context, false);
    left = { kind: "binary", operator: "||", left, right, at };
  }
  return left;
}

export function simpleExpression(context: ParseContext, inList: boolean): Expression {
  return context.nested(() => simple(context, inList));
}

function simple(context: ParseContext, inList: boolean): Expression {
  const { tokens, settings } = context;
  const token = tokens.peek();
  switch (token.word) {
    case "-":
      return negative(context, inList);
    case "+":
      tokens.take();
      return { kind: "unary", operator: "+", operand: unsigned(context), at: token.start };
    case "!":
      tokens.take();
      return { kind: "unary", operator: "not", operand: unsigned(context), at: token.start };
    case "not":
      if (!settings.highNotPrecedence) break;
      tokens.take();
      return { kind: "unary", operator: "not", operand: unsigned(context), at: token.start };
    case "~":
      tokens.take();
      return plainCall("~", [unsigned(context)], token.start);
    case "binary": {
      tokens.take();
      const type = { path: ["binary"], modifiers: [], array: false };
      return { kind: "cast", operand: unsigned(context), type, at: token.start };
    }
    default:
      break;
  }
  return collated(context, primary(context, inList));
}

function unsigned(context: ParseContext): Expression {
  return simpleExpression(context, false);
}

function plainCall(name: string, args: Expression[], at: number): Expression {
  return { kind: "call", name: [name], args, star: false, distinct: false, filter: null, at };
}

/** A minus before a number is part of the literal wherever the lexer took it for that. */
function negative(context: ParseContext, inList: boolean): Expression {
  const { tokens, places } = context;
  const at = tokens.take().start;
  const number = tokens.peek();
  const isNumber = number.kind === T_INTEGER || number.kind === T_DECIMAL;
  if (isNumber && places.find(number.start, true) === null) {
    tokens.take();
    tokens.refuse("collate", "COLLATE of a number");
    return numberLiteral(context, number, at, true, inList);
  }
  return { kind: "unary", operator: "-", operand: unsigned(context), at };
}

function collated(context: ParseContext, operand: Expression): Expression {
  const { tokens } = context;
  let result = operand;
  while (tokens.peek().word === "collate") {
    if (operand.kind === "literal" && operand.literal !== "string") {
      throw unsupported("COLLATE of a number");
    }
    const at = tokens.take().start;
    const { kind } = tokens.peek();
    if (kind !== T_WORD && kind !== T_QUOTED) throw unsupported("a collation in quotes");
    const collation = tokens.accept("binary") ? "binary" : tokens.name();
    result = { kind: "collate", operand: result, collation: [collation], at };
  }
  if (tokens.peek().word.startsWith("->")) throw unsupported("a path into JSON");
  return result;
}

const REFUSED: Readonly<Record<string, string>> = {
  interval: "INTERVAL",
  exists: "a subquery in an expression",
  match: "MATCH … AGAINST",
  default: "DEFAULT",
  values: "VALUES()",
  row: "a row constructor",
  select: "a subquery in an expression",
  "{": "an expression in braces",
};

function primary(context: ParseContext, inList: boolean): Expression {
  const { tokens } = context;
  const token = tokens.peek();
  const { start: at } = token;
  switch (token.kind) {
    case T_INTEGER:
    case T_DECIMAL:
      tokens.take();
      return numberLiteral(context, token, at, false, inList);
    case T_STRING:
    case T_ESCAPED:
      return stringLiteral(context, inList);
    case T_PARAM:
      return context.placeholder(inList);
    case T_VERBATIM:
      throw unsupported("a hexadecimal, bit or national literal");
    case T_VARIABLE:
      throw unsupported("a variable");
    case T_OPEN:
      return parenthesised(context);
    default:
      break;
  }
  const refused = REFUSED[token.word];
  if (refused !== undefined) throw unsupported(refused);
  switch (token.word) {
    case "null":
      tokens.take();
      return { kind: "null", at };
    case "true":
    case "false":
      tokens.take();
      return { kind: "boolean", value: token.word === "true", at };
    case "case":
      return caseExpression(context);
    case "cast":
      return cast(context);
    case "convert":
      return convert(context);
    case "not":
      throw unsupported("NOT here");
    default:
      break;
  }
  if (token.kind !== T_WORD && token.kind !== T_QUOTED) throw tokens.unexpected("an expression");
  const following = tokens.peek(1);
  if (following.kind === T_OPEN) return call(context);
  const special = LITERAL_WORDS.has(token.word) || token.text.startsWith("_");
  if (token.kind === T_WORD && isString(following) && special) {
    throw unsupported(`a literal after ${token.word.toUpperCase()}`);
  }
  return column(context);
}

/** Before a string these, and the names of character sets, change what it is. */
const LITERAL_WORDS: ReadonlySet<string> = new Set(["date", "time", "timestamp"]);

function isString(token: Token): boolean {
  return token.kind === T_STRING || token.kind === T_ESCAPED || token.kind === T_VERBATIM;
}

function column(context: ParseContext): Expression {
  const { tokens } = context;
  const at = tokens.peek().start;
  const path = [tokens.name()];
  while (tokens.acceptKind(T_DOT)) path.push(tokens.name());
  if (path.length > 3) throw tokens.unexpected("an operator");
  if (tokens.peek().kind === T_OPEN) throw unsupported("a stored function");
  return { kind: "column", path, at };
}

function parenthesised(context: ParseContext): Expression {
  const { tokens } = context;
  tokens.take();
  const { word } = tokens.peek();
  if (word === "select" || word === "with" || word === "table" || word === "values") {
    throw unsupported("a subquery in an expression");
  }
  const inner = expression(context);
  if (tokens.peek().kind === T_COMMA) throw unsupported("a row constructor");
  tokens.expectKind(T_CLOSE);
  return inner;
}

function numberLiteral(
  context: ParseContext,
  token: Token,
  at: number,
  isNegative: boolean,
  inList: boolean,
): Expression {
  const literal = token.kind === T_INTEGER ? integerClass(token.text, isNegative) : "decimal";
  const text = isNegative ? `-${token.text}` : token.text;
  const slot = context.places.find(at, inList);
  if (slot !== null) checkNumber(slot, literal, text);
  else if (!context.inSelectList) throw slotMismatch();
  context.tokens.second.number(token.start, at, isNegative);
  return { kind: "literal", literal, text, at };
}

/** `'a' "b"` is one literal. */
export function stringLiteral(context: ParseContext, inList: boolean): Expression {
  const { tokens, places } = context;
  const at = tokens.peek().start;
  let bytes = "";
  while (tokens.peek().kind === T_STRING || tokens.peek().kind === T_ESCAPED) {
    const token = tokens.takeHidden();
    bytes += stringContent(token.text, token.kind === T_ESCAPED);
  }
  tokens.second.string(at);
  const text = unicode(bytes);
  const slot = places.find(at, inList);
  if (slot !== null) checkString(slot, text);
  else if (!context.inSelectList) throw slotMismatch();
  return { kind: "literal", literal: "string", text, at };
}
