/** node-sql-parser's tree in the form of `first-tree.ts`; what is not expected there differs. */
import { chain, negated, node } from "./first-tree.ts";

type Json = Readonly<Record<string, unknown>>;

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "-";
}

export function selectText(value: unknown): string {
  const select = object(value);
  for (const field of ["options", "locking_read", "window", "collate"]) {
    const part = select[field];
    if (part !== null && part !== undefined) return node(field);
  }
  if (object(select["into"])["position"]) return node("into");
  const grouping = object(select["groupby"]);
  if (list(grouping["modifiers"]).some((modifier) => modifier !== null)) return node("modifiers");
  const { limit, offset } = limits(object(select["limit"]));
  return node(
    text(select["type"]),
    list(select["with"]).map(commonTable),
    String(select["distinct"] === "DISTINCT"),
    list(select["columns"]).map(item),
    fromTexts(select["from"]),
    optional(select["where"]),
    list(grouping["columns"]).map(expressionText),
    optional(select["having"]),
    list(select["orderby"]).map((key) => [
      expressionText(object(key)["expr"]),
      String(object(key)["type"] === "DESC"),
    ]),
    limit,
    offset,
  );
}

function commonTable(value: unknown): (string | string[])[] {
  const table = object(value);
  const name = text(object(table["name"])["value"]);
  return [name, list(table["columns"]).map(expressionText), queryOf(table["stmt"])];
}

function queryOf(value: unknown): string {
  const holder = object(value);
  return selectText(holder["ast"] ?? holder);
}

function limits(limit: Json): { limit: string; offset: string } {
  const values = list(limit["value"]).map(expressionText);
  const [first = "-", second = "-"] = values;
  return limit["seperator"] === ","
    ? { limit: second, offset: first }
    : { limit: first, offset: second };
}

function optional(value: unknown): string {
  return value === null || value === undefined ? "-" : expressionText(value);
}

function item(value: unknown): string[] {
  const column = object(value);
  const e = object(column["expr"]);
  if (e["type"] === "column_ref" && e["column"] === "*") {
    return [
      [e["db"], e["table"]]
        .map(text)
        .filter((name) => name !== "-")
        .join("."),
      "*",
    ];
  }
  return [expressionText(e), text(column["as"])];
}

/** One text for each item between commas. */
function fromTexts(value: unknown): string[] {
  const from = object(value);
  const entries = Array.isArray(value) ? value : "expr" in from ? [from] : [];
  const items: string[] = [];
  for (const entry of entries) {
    const table = object(entry);
    const joins = [table, ...list(table["joins"]).map(object)];
    for (const [index, joined] of joins.entries()) {
      const right = index === 0 ? factor(table) : factor(joined);
      const kind = joined["join"];
      const left = typeof kind === "string" ? items.pop() : undefined;
      items.push(left === undefined ? right : join(left, right, joined));
    }
  }
  return items;
}

function factor(table: Json): string {
  const { expr } = table;
  if (Array.isArray(expr)) {
    const inner = fromTexts(expr);
    return inner.length === 1 ? (inner[0] ?? "") : node("list", inner);
  }
  if (expr !== undefined) {
    const columns = list(table["columns"]).map(expressionText);
    return node("query", queryOf(expr), text(table["as"]), columns);
  }
  const path = [table["db"], table["table"]].map(text).filter((name) => name !== "-");
  return node("table", path.join("."), text(table["as"]));
}

function join(left: string, right: string, joined: Json): string {
  const on = optional(joined["on"]);
  const using = list(joined["using"]).map((name) => text(object(name)["value"]));
  const words = text(joined["join"]).toLowerCase().replace(" join", "");
  const bare = on === "-" && using.length === 0 && words === "inner";
  return node(
    "join",
    bare || words === "cross" ? crossOr(on, using) : words,
    left,
    right,
    on,
    using,
  );
}

function crossOr(on: string, using: readonly string[]): string {
  return on === "-" && using.length === 0 ? "cross" : "inner";
}

function expressionText(value: unknown): string {
  const e = object(value);
  const plain = plainText(e);
  const { collate } = e;
  if (collate === null || collate === undefined) return plain;
  return node("collate", plain, text(object(object(collate)["collate"])["name"]));
}

function plainText(e: Json): string {
  switch (e["type"]) {
    case "number":
      return text(e["value"]);
    case "single_quote_string":
      return `'${text(e["value"])}'`;
    case "null":
      return "null";
    case "bool":
      return String(e["value"]);
    case "column_ref":
      return [e["db"], e["table"], e["column"]]
        .map(text)
        .filter((name) => name !== "-")
        .join(".");
    case "binary_expr":
      return binary(e);
    case "unary_expr": {
      const operator = text(e["operator"]).toLowerCase();
      const operand = expressionText(e["expr"]);
      return operator === "-"
        ? negated(operand)
        : node(operator === "!" ? "not" : operator, operand);
    }
    case "case": {
      const args = list(e["args"]).map(object);
      const branches = args.filter((arg) => arg["type"] === "when");
      const otherwise = args.find((arg) => arg["type"] === "else");
      return node(
        "case",
        optional(e["expr"]),
        branches.map((arg) => [expressionText(arg["cond"]), expressionText(arg["result"])]),
        optional(otherwise?.["result"]),
      );
    }
    case "function":
      return call(e);
    default:
      return node("unknown", text(e["type"]));
  }
}

function call(e: Json): string {
  const name = list(object(e["name"])["name"])
    .map((part) => text(object(part)["value"]))
    .join(".");
  // It takes NOT before a parenthesis for a call.
  return node(name.toLowerCase(), ...list(object(e["args"])["value"]).map(expressionText));
}

function binary(e: Json): string {
  const operator = text(e["operator"]).toLowerCase();
  const right = object(e["right"]);
  const left = expressionText(e["left"]);
  if (operator === "and" || operator === "or")
    return chain(operator, [left, expressionText(right)]);
  if (operator === "||") return node("||", left, expressionText(right));
  if (right["type"] === "expr_list") {
    return node(operator, left, list(right["value"]).map(expressionText));
  }
  const escape = right["escape"];
  if (escape !== null && escape !== undefined) {
    const character = expressionText(object(escape)["value"]);
    return node(operator, left, expressionText(right), "escape", character);
  }
  return node(operator, left, expressionText(right));
}
