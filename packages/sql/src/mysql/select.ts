/** SELECT and its clauses. */
import type { Expression, FromItem, OrderItem, SelectItem, SelectStatement } from "../ast.ts";
import { unsupported } from "../unsupported.ts";
import { expression } from "./expressions.ts";
import { fromItems, names } from "./from.ts";
import type { ParseContext } from "./parse-context.ts";
import {
  T_CLOSE,
  T_COMMA,
  T_DOT,
  T_ESCAPED,
  T_INTEGER,
  T_OPEN,
  T_OPERATOR,
  T_PARAM,
  T_STRING,
} from "./scanner.ts";
import { simpleExpression, stringLiteral } from "./simple-expressions.ts";
import type { Token } from "./token-stream.ts";

/** In a derived table or CTE the names of columns matter to the query around it. */
type Role = "top" | "derived";

/** What may follow a query that is not kept, and its name. */
const REFUSED_ENDS: Readonly<Record<string, string>> = {
  union: "UNION",
  intersect: "INTERSECT",
  except: "EXCEPT",
  minus: "MINUS",
  into: "SELECT INTO",
  for: "FOR UPDATE or FOR SHARE",
  lock: "LOCK IN SHARE MODE",
  procedure: "PROCEDURE ANALYSE",
  window: "WINDOW",
  qualify: "QUALIFY",
  fetch: "FETCH FIRST",
  rows: "ROWS EXAMINED",
};

export function readStatement(context: ParseContext): SelectStatement {
  const { tokens } = context;
  if (tokens.peek().kind === T_OPEN) throw unsupported("a query in parentheses");
  const ctes = tokens.peek().word === "with" ? commonTables(context) : [];
  return { ...select(context, "top"), ctes };
}

function commonTables(context: ParseContext): SelectStatement["ctes"] {
  const { tokens } = context;
  tokens.take();
  tokens.refuse("recursive", "WITH RECURSIVE");
  const ctes: { name: string; query: SelectStatement; columns: string[] }[] = [];
  do {
    const name = tokens.name();
    const columns = tokens.peek().kind === T_OPEN ? names(context) : [];
    tokens.expect("as");
    tokens.expectKind(T_OPEN);
    const query = context.nested(() => select(context, "derived"));
    tokens.expectKind(T_CLOSE);
    ctes.push({ name, query, columns });
  } while (tokens.acceptKind(T_COMMA));
  return ctes;
}

export function select(context: ParseContext, role: Role): SelectStatement {
  const { tokens } = context;
  tokens.expect("select");
  const distinct = modifiers(context);
  const items = selectItems(context, role);
  const from = fromClause(context);
  const where = tokens.accept("where") ? expression(context) : null;
  const groupBy = tokens.accept("group") ? groupKeys(context) : [];
  const having = tokens.accept("having") ? expression(context) : null;
  const orderBy = tokens.accept("order") ? orderItems(context) : [];
  const { limit, offset } = limits(context);
  const refused = REFUSED_ENDS[tokens.peek().word];
  if (refused !== undefined) throw unsupported(refused);
  return { ctes: [], distinct, items, from, where, groupBy, having, orderBy, limit, offset };
}

function fromClause(context: ParseContext): FromItem[] {
  const { tokens } = context;
  if (tokens.peek().word !== "from") return [];
  if (tokens.peek(1).word !== "dual") {
    tokens.take();
    return fromItems(context);
  }
  // FROM DUAL is no FROM at all.
  tokens.takeHidden();
  tokens.takeHidden();
  return [];
}

/** Whether the answer is DISTINCT. */
function modifiers(context: ParseContext): boolean {
  const { tokens } = context;
  let distinct: boolean | null = null;
  for (;;) {
    const { word } = tokens.peek();
    switch (word) {
      case "distinct":
      case "distinctrow":
      case "all":
        if (distinct !== null) throw tokens.unexpected("an expression");
        distinct = word !== "all";
        break;
      case "sql_no_cache":
        break;
      case "high_priority":
      case "straight_join":
      case "sql_small_result":
      case "sql_big_result":
      case "sql_buffer_result":
      case "sql_cache":
      case "sql_calc_found_rows":
        throw unsupported(word.toUpperCase());
      default:
        return distinct ?? false;
    }
    if (word.startsWith("distinct")) tokens.second.replace(tokens.take().start, "DISTINCT");
    else tokens.takeHidden();
  }
}

function selectItems(context: ParseContext, role: Role): SelectItem[] {
  const { tokens } = context;
  const outer = context.inSelectList;
  context.inSelectList = true;
  const items: SelectItem[] = [];
  do items.push(selectItem(context, items.length === 0, role));
  while (tokens.acceptKind(T_COMMA));
  context.inSelectList = outer;
  return items;
}

const isStar = (token: Token): boolean => token.kind === T_OPERATOR && token.word === "*";

function selectItem(context: ParseContext, first: boolean, role: Role): SelectItem {
  const { tokens } = context;
  if (first && isStar(tokens.peek())) {
    tokens.take();
    return { kind: "star", relation: null };
  }
  const relation = starRelation(context);
  if (relation !== null) return { kind: "star", relation };
  const item = expression(context);
  const alias = aliasOf(context);
  if (alias === null && item.kind !== "column" && role === "derived") {
    throw unsupported("an expression without an alias in a derived table");
  }
  return { kind: "expression", expression: item, alias };
}

/** `t.*` or `db.t.*`. */
function starRelation(context: ParseContext): string[] | null {
  const { tokens } = context;
  let ahead = 0;
  while (tokens.isName(tokens.peek(ahead)) && tokens.peek(ahead + 1).kind === T_DOT) ahead += 2;
  if (ahead === 0 || ahead > 4 || !isStar(tokens.peek(ahead))) return null;
  const relation: string[] = [];
  do {
    relation.push(tokens.name());
    tokens.take();
  } while (!isStar(tokens.peek()));
  tokens.take();
  return relation;
}

function aliasOf(context: ParseContext): string | null {
  const { tokens } = context;
  const as = tokens.accept("as");
  const token = tokens.peek();
  if (token.kind === T_STRING || token.kind === T_ESCAPED) {
    const literal = stringLiteral(context, false);
    if (literal.kind !== "literal") throw tokens.unexpected("a name");
    tokens.second.name(token.start, literal.text);
    return literal.text;
  }
  return as || tokens.isName(token) ? tokens.name() : null;
}

function groupKeys(context: ParseContext): Expression[] {
  const { tokens } = context;
  tokens.expect("by");
  const keys: Expression[] = [];
  do {
    keys.push(sortKey(context, "GROUP BY"));
    tokens.refuse("asc", "GROUP BY … ASC");
    tokens.refuse("desc", "GROUP BY … DESC");
  } while (tokens.acceptKind(T_COMMA));
  tokens.refuse("with", "WITH ROLLUP");
  return keys;
}

function orderItems(context: ParseContext): OrderItem[] {
  const { tokens } = context;
  tokens.expect("by");
  const items: OrderItem[] = [];
  do {
    const key = sortKey(context, "ORDER BY");
    const descending = tokens.accept("desc");
    if (!descending) tokens.accept("asc");
    items.push({ expression: key, descending, nullsFirst: null });
  } while (tokens.acceptKind(T_COMMA));
  tokens.refuse("with", "WITH ROLLUP");
  return items;
}

/**
 * An integer is the number of an output column; any other constant sorts nothing, and a
 * placeholder is one, so that it may not take an integer's place. In parentheses it is constant
 * too, but the shape tells that apart.
 */
function sortKey(context: ParseContext, clause: string): Expression {
  const inParentheses = context.tokens.peek().kind === T_OPEN;
  const key = expression(context);
  const constant = ["literal", "placeholder", "null", "boolean"].includes(key.kind);
  if (!constant) return key;
  const ordinal = key.kind === "literal" && key.literal === "integer" && !inParentheses;
  if (!ordinal || key.text.startsWith("-")) throw unsupported(`a constant in ${clause}`);
  return key;
}

interface Limits {
  readonly limit: Expression | null;
  readonly offset: Expression | null;
}

/** `LIMIT n`, `LIMIT m, n` (m is the offset) or `LIMIT n OFFSET m`. */
function limits(context: ParseContext): Limits {
  const { tokens } = context;
  tokens.refuse("offset", "OFFSET without LIMIT");
  if (!tokens.accept("limit")) return { limit: null, offset: null };
  tokens.refuse("rows", "ROWS EXAMINED");
  const first = limitOperand(context);
  if (tokens.acceptKind(T_COMMA)) return { limit: limitOperand(context), offset: first };
  if (tokens.accept("offset")) return { limit: first, offset: limitOperand(context) };
  return { limit: first, offset: null };
}

function limitOperand(context: ParseContext): Expression {
  const { kind } = context.tokens.peek();
  if (kind !== T_INTEGER && kind !== T_PARAM) throw context.tokens.unexpected("a number");
  return simpleExpression(context, false);
}
