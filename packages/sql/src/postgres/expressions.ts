/** Expressions of libpg-query's tree to the neutral tree; what has no node there is refused. */
import type { Expression } from "../ast.ts";
import { integerClass } from "./literal.ts";
import { operatorExpression } from "./operators.ts";
import type { SlotMap } from "./slot-map.ts";
import {
  expectTag,
  type Fields,
  stringOf,
  type TreeNode,
  unknownNode,
  unsupported,
} from "./tree.ts";
import { typeNameOf } from "./types.ts";

const BOOLEAN_TESTS = {
  IS_TRUE: "true",
  IS_NOT_TRUE: "not true",
  IS_FALSE: "false",
  IS_NOT_FALSE: "not false",
  IS_UNKNOWN: "unknown",
  IS_NOT_UNKNOWN: "not unknown",
} as const;

/** Strings that mean another moment each time they are cast. */
const MOVING_DATES = /^\s*(?:now|today|tomorrow|yesterday)\b/i;
const DATE_TYPES = /^(?:date|time|timetz|timestamp|timestamptz)$/;

/** `castOperand` reads what stands under a cast at the top, where more may stand than elsewhere. */
export function toExpression(
  node: TreeNode,
  slots: SlotMap,
  inList = false,
  castOperand: (node: TreeNode, slots: SlotMap) => Expression = toExpression,
): Expression {
  const { tag, fields } = node;
  switch (tag) {
    case "A_Const":
      return constant(fields, slots, inList);
    case "ParamRef": {
      const at = fields.number("location");
      const index = fields.number("number") - 1;
      fields.end();
      return slots.placeholder(index, at, inList);
    }
    case "ColumnRef":
      return column(fields);
    case "A_Expr":
      return operatorExpression(fields, slots);
    case "BoolExpr":
      return logical(fields, slots);
    case "NullTest":
    case "BooleanTest":
      return test(tag, fields, slots);
    case "CaseExpr":
      return caseExpression(fields, slots);
    case "CoalesceExpr":
    case "MinMaxExpr":
      return choice(tag, fields, slots);
    case "FuncCall":
      return call(fields, slots);
    case "TypeCast":
      return cast(fields, slots, castOperand);
    case "CollateClause":
      return collate(fields, slots);
    default:
      throw unknownNode(node);
  }
}

function constant(fields: Fields, slots: SlotMap, inList: boolean): Expression {
  const at = fields.number("location");
  const isNull = fields.boolean("isnull");
  const integer = fields.message("ival");
  const decimal = fields.message("fval");
  const boolean = fields.message("boolval");
  const string = fields.message("sval");
  fields.refuse("bsval", "a bit string literal");
  fields.end();
  if (isNull) return { kind: "null", at };
  if (boolean !== null) return { kind: "boolean", value: boolean.boolean("boolval"), at };
  if (integer !== null) return slots.number("integer", String(integer.number("ival")), at, inList);
  if (string !== null) return slots.string(string.string("sval") ?? "", at, inList);
  if (decimal === null) throw unsupported("this literal");
  const written = decimal.requiredString("fval");
  const negative = written.startsWith("-");
  const digits = negative ? written.slice(1) : written;
  const literal = /^\d+$/.test(digits) ? integerClass(digits, negative) : "decimal";
  return slots.number(literal, negative ? `-${digits}` : digits, at, inList);
}

function column(fields: Fields): Expression {
  const at = fields.number("location");
  const path = fields.nodes("fields").map(stringOf);
  fields.end();
  return { kind: "column", path, at };
}

function logical(fields: Fields, slots: SlotMap): Expression {
  const at = fields.number("location");
  const operator = fields.requiredString("boolop");
  const operands = fields.nodes("args").map((node) => toExpression(node, slots));
  fields.end();
  if (operator === "AND_EXPR") return { kind: "and", operands, at };
  if (operator === "OR_EXPR") return { kind: "or", operands, at };
  const [operand] = operands;
  if (operator !== "NOT_EXPR" || operand === undefined) throw unsupported(operator);
  return { kind: "unary", operator: "not", operand, at };
}

function test(tag: string, fields: Fields, slots: SlotMap): Expression {
  const at = fields.number("location");
  const operand = toExpression(fields.requiredNode("arg"), slots);
  if (tag === "NullTest") {
    const kind = fields.requiredString("nulltesttype");
    fields.refuse("argisrow", "IS NULL of a row");
    fields.end();
    return { kind: "is", test: kind === "IS_NULL" ? "null" : "not null", operand, at };
  }
  const kind = fields.requiredString("booltesttype");
  fields.end();
  const name = BOOLEAN_TESTS[kind as keyof typeof BOOLEAN_TESTS] as string | undefined;
  if (name === undefined) throw unsupported(kind);
  return { kind: "is", test: BOOLEAN_TESTS[kind as keyof typeof BOOLEAN_TESTS], operand, at };
}

function caseExpression(fields: Fields, slots: SlotMap): Expression {
  const at = fields.number("location");
  const argument = fields.node("arg");
  const otherwise = fields.node("defresult");
  const branches = fields.nodes("args").map((node) => {
    const branch = expectTag(node, "CaseWhen").fields;
    branch.ignore("location");
    const when = toExpression(branch.requiredNode("expr"), slots);
    const then = toExpression(branch.requiredNode("result"), slots);
    branch.end();
    return { when, then };
  });
  fields.end();
  return {
    kind: "case",
    operand: argument === null ? null : toExpression(argument, slots),
    branches,
    otherwise: otherwise === null ? null : toExpression(otherwise, slots),
    at,
  };
}

function choice(tag: string, fields: Fields, slots: SlotMap): Expression {
  const at = fields.number("location");
  const operator = tag === "MinMaxExpr" ? fields.requiredString("op") : "COALESCE";
  const args = fields.nodes("args").map((node) => toExpression(node, slots));
  fields.end();
  const name =
    operator === "COALESCE" ? "coalesce" : operator === "IS_GREATEST" ? "greatest" : "least";
  return { kind: "call", name: [name], args, star: false, distinct: false, filter: null, at };
}

function call(fields: Fields, slots: SlotMap): Expression {
  const at = fields.number("location");
  fields.ignore("funcformat");
  fields.refuse("over", "window functions");
  fields.refuse("agg_within_group", "WITHIN GROUP");
  fields.refuse("agg_order", "ORDER BY in an aggregate");
  fields.refuse("func_variadic", "VARIADIC");
  const name = fields.strings("funcname");
  const args = fields.nodes("args").map((node) => toExpression(node, slots));
  const filter = fields.node("agg_filter");
  const star = fields.boolean("agg_star");
  const distinct = fields.boolean("agg_distinct");
  fields.end();
  return {
    kind: "call",
    name,
    args,
    star,
    distinct,
    filter: filter === null ? null : toExpression(filter, slots),
    at,
  };
}

function collate(fields: Fields, slots: SlotMap): Expression {
  const operand = toExpression(fields.requiredNode("arg"), slots);
  const collation = fields.strings("collname");
  const at = Math.max(fields.number("location"), operand.at);
  fields.end();
  return { kind: "collate", operand, collation, at };
}

function cast(
  fields: Fields,
  slots: SlotMap,
  castOperand: (node: TreeNode, slots: SlotMap) => Expression,
): Expression {
  const operand = castOperand(fields.requiredNode("arg"), slots);
  const typeFields = fields.message("typeName");
  if (typeFields === null) throw unsupported("this cast");
  const type = typeNameOf(typeFields);
  // A typed literal has no location of its own.
  const at = Math.max(fields.number("location"), operand.at);
  fields.end();
  const typeName = type.path[type.path.length - 1] ?? "";
  if (
    operand.kind === "literal" &&
    operand.literal === "string" &&
    DATE_TYPES.test(typeName) &&
    MOVING_DATES.test(operand.text)
  ) {
    throw unsupported(`the current date or time ('${operand.text.trim()}')`);
  }
  return { kind: "cast", operand, type, at };
}
