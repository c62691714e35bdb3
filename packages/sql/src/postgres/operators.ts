/** `A_Expr`: everything the grammar writes with an operator or a word between operands. */
import type { Expression } from "../ast.ts";
import { toExpression } from "./expressions.ts";
import type { SlotMap } from "./slot-map.ts";
import { expectTag, type Fields, type TreeNode, unsupported } from "./tree.ts";

const LIKE_OPERATORS: Readonly<Record<string, string>> = {
  "~~": "like",
  "!~~": "not like",
  "~~*": "ilike",
  "!~~*": "not ilike",
};

export function operatorExpression(fields: Fields, slots: SlotMap): Expression {
  const at = fields.number("location");
  const kind = fields.requiredString("kind");
  const operator = operatorText(fields.strings("name"));
  const left = fields.node("lexpr");
  const right = fields.requiredNode("rexpr");
  fields.ignore("rexpr_list_start", "rexpr_list_end");
  fields.end();
  if (left === null) return prefix(kind, operator, right, slots, at);
  switch (kind) {
    case "AEXPR_OP":
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
      return {
        kind: "binary",
        operator: LIKE_OPERATORS[operator] ?? operator,
        left: toExpression(left, slots),
        right: toExpression(right, slots),
        at,
      };
    case "AEXPR_OP_ANY":
      return anyArray(operator, left, right, slots, at);
    case "AEXPR_OP_ALL":
      throw unsupported("ALL (array)");
    case "AEXPR_DISTINCT":
    case "AEXPR_NOT_DISTINCT":
      return {
        kind: "distinct-from",
        negated: kind === "AEXPR_NOT_DISTINCT",
        left: toExpression(left, slots),
        right: toExpression(right, slots),
        at,
      };
    case "AEXPR_NULLIF":
      return {
        kind: "call",
        name: ["nullif"],
        args: [toExpression(left, slots), toExpression(right, slots)],
        star: false,
        distinct: false,
        filter: null,
        at,
      };
    case "AEXPR_IN":
      return {
        kind: "in-list",
        negated: operator === "<>",
        operand: toExpression(left, slots),
        list: listItems(right).map((node) => toExpression(node, slots, true)),
        at,
      };
    case "AEXPR_BETWEEN":
    case "AEXPR_NOT_BETWEEN":
    case "AEXPR_BETWEEN_SYM":
    case "AEXPR_NOT_BETWEEN_SYM":
      return between(kind, left, right, slots, at);
    case "AEXPR_SIMILAR":
      throw unsupported("SIMILAR TO");
    default:
      throw unsupported(`the syntax ${kind}`);
  }
}

function operatorText(path: readonly string[]): string {
  const [first, second] = path;
  if (path.length === 1 && first !== undefined) return first;
  if (path.length === 2 && first === "pg_catalog" && second !== undefined) return second;
  throw unsupported("an operator of another schema");
}

function prefix(
  kind: string,
  operator: string,
  operand: TreeNode,
  slots: SlotMap,
  at: number,
): Expression {
  if (kind !== "AEXPR_OP" || (operator !== "-" && operator !== "+")) {
    throw unsupported(`the prefix operator ${operator}`);
  }
  return { kind: "unary", operator, operand: toExpression(operand, slots), at };
}

function listItems(node: TreeNode): TreeNode[] {
  const { fields } = expectTag(node, "List");
  const items = fields.nodes("items");
  fields.end();
  return items;
}

function anyArray(
  operator: string,
  left: TreeNode,
  right: TreeNode,
  slots: SlotMap,
  at: number,
): Expression {
  const array = arrayOperand(right, slots);
  const source = array.kind === "cast" ? array.operand : array;
  if (source.kind === "array") {
    return { kind: "any-array", operand: toExpression(left, slots), operator, array, at };
  }
  // A string literal and a placeholder have one shape, so both must mean the same.
  if (
    source.kind !== "placeholder" &&
    !(source.kind === "literal" && source.literal === "string")
  ) {
    throw unsupported("ANY of anything but a parameter");
  }
  return { kind: "any-array", operand: toExpression(left, slots), operator, array, at };
}

/** `ARRAY[…]` stands nowhere else, so it is read here only, alone or under a cast. */
function arrayOperand(node: TreeNode, slots: SlotMap): Expression {
  const { tag, fields } = node;
  if (tag === "A_ArrayExpr") {
    const at = fields.number("location");
    fields.ignore("list_start", "list_end");
    const elements = fields.nodes("elements").map((element) => toExpression(element, slots));
    fields.end();
    return { kind: "array", elements, at };
  }
  return toExpression(node, slots, false, arrayOperand);
}

function between(
  kind: string,
  operand: TreeNode,
  bounds: TreeNode,
  slots: SlotMap,
  at: number,
): Expression {
  const [low, high, ...others] = listItems(bounds);
  if (low === undefined || high === undefined || others.length > 0) throw unsupported("BETWEEN");
  return {
    kind: "between",
    negated: kind.startsWith("AEXPR_NOT"),
    symmetric: kind.endsWith("_SYM"),
    operand: toExpression(operand, slots),
    low: toExpression(low, slots),
    high: toExpression(high, slots),
    at,
  };
}
