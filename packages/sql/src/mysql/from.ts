/** FROM: tables, derived tables and joins. */
import type { Expression, FromItem } from "../ast.ts";
import { unsupported } from "../unsupported.ts";
import { expression } from "./expressions.ts";
import type { ParseContext } from "./parse-context.ts";
import { T_CLOSE, T_COMMA, T_DOT, T_OPEN, T_WORD } from "./scanner.ts";
import { select } from "./select.ts";

/** The comma binds less than any join, so the list is one of joins. */
export function fromItems(context: ParseContext): FromItem[] {
  const { tokens } = context;
  const items = [joined(context)];
  while (tokens.acceptKind(T_COMMA)) items.push(joined(context));
  return items;
}

interface JoinWords {
  readonly join: "inner" | "left" | "right";
  readonly natural: boolean;
}

/** `[NATURAL] [INNER | CROSS | LEFT | RIGHT [OUTER]] JOIN`, null when no join goes on. */
function joinWords(context: ParseContext): JoinWords | null {
  const { tokens } = context;
  tokens.refuse("straight_join", "STRAIGHT_JOIN");
  const natural = tokens.peek().word === "natural";
  if (natural) tokens.takeHidden();
  const { word } = tokens.peek();
  if (word === "left" || word === "right") {
    // The second parser does not know NATURAL LEFT JOIN.
    const from = tokens.position;
    tokens.take();
    tokens.accept("outer");
    if (natural) tokens.hideSince(from);
    tokens.expect("join");
    return { join: word, natural };
  }
  if (tokens.accept("inner") || (!natural && tokens.accept("cross"))) {
    tokens.expect("join");
    return { join: "inner", natural };
  }
  if (tokens.accept("join")) return { join: "inner", natural };
  if (natural) throw tokens.unexpected("JOIN");
  return null;
}

function joined(context: ParseContext): FromItem {
  const { tokens } = context;
  let left = factor(context);
  let unconditional = false;
  for (;;) {
    const words = joinWords(context);
    if (words === null) return left;
    // `a JOIN b LEFT JOIN c ON …` joins b and c first.
    if (unconditional) throw unsupported("a join after one without a condition");
    const right = factor(context);
    if (words.natural) {
      if (words.join === "right") throw unsupported("NATURAL RIGHT JOIN");
      left = { kind: "join", join: words.join, left, right, on: null, using: "natural" };
      continue;
    }
    let on: Expression | null = null;
    let using: string[] | null = null;
    if (tokens.accept("on")) on = expression(context);
    else if (tokens.accept("using")) using = names(context);
    else if (words.join !== "inner") throw unsupported("a join inside a join without parentheses");
    if (using !== null && words.join === "right") throw unsupported("RIGHT JOIN … USING");
    unconditional = on === null && using === null;
    left = { kind: "join", join: unconditional ? "cross" : words.join, left, right, on, using };
  }
}

/** `(a, b, …)` */
export function names(context: ParseContext): string[] {
  const { tokens } = context;
  tokens.expectKind(T_OPEN);
  const list = [tokens.name()];
  while (tokens.acceptKind(T_COMMA)) list.push(tokens.name());
  tokens.expectKind(T_CLOSE);
  return list;
}

function factor(context: ParseContext): FromItem {
  const { tokens } = context;
  tokens.refuse("lateral", "LATERAL");
  tokens.refuse("json_table", "JSON_TABLE");
  if (tokens.peek().kind !== T_OPEN) return table(context);
  return context.nested(() => {
    tokens.take();
    const { word } = tokens.peek();
    if (word === "with") throw unsupported("WITH in a derived table");
    if (word === "select") return derived(context);
    const item = joined(context);
    if (tokens.peek().kind === T_COMMA) throw unsupported("a list of tables in parentheses");
    tokens.expectKind(T_CLOSE);
    return item;
  });
}

function derived(context: ParseContext): FromItem {
  const { tokens } = context;
  const query = select(context, "derived");
  tokens.refuse("union", "UNION");
  tokens.expectKind(T_CLOSE);
  const alias = aliasOf(context);
  if (alias === null) throw unsupported("a subquery in FROM without an alias");
  const columnAliases = tokens.peek().kind === T_OPEN ? names(context) : [];
  return { kind: "subquery", query, alias, columnAliases };
}

function table(context: ParseContext): FromItem {
  const { tokens } = context;
  const path = [tokens.name()];
  while (tokens.acceptKind(T_DOT)) path.push(tokens.name());
  if (tokens.peek().kind === T_OPEN) throw unsupported("a function in FROM");
  const [first = "", second, ...others] = path;
  if (others.length > 0) throw tokens.unexpected("an alias");
  tokens.refuse("partition", "PARTITION");
  if (tokens.peek().word === "for") {
    if (tokens.peek(1).word.startsWith("system")) throw unsupported("FOR SYSTEM_TIME");
  }
  const alias = aliasOf(context);
  indexHints(context);
  tokens.refuse("tablesample", "TABLESAMPLE");
  return {
    kind: "table",
    schema: second === undefined ? null : first,
    name: second ?? first,
    alias,
    columnAliases: [],
  };
}

function aliasOf(context: ParseContext): string | null {
  const { tokens } = context;
  if (tokens.accept("as")) return tokens.name();
  const token = tokens.peek();
  if (!tokens.isName(token)) return null;
  // Meant as a join that these servers do not have.
  if (token.kind === T_WORD && token.word === "full") throw unsupported("FULL JOIN");
  return tokens.name();
}

/** `USE INDEX (…)` and the like choose a way to the same answer. */
function indexHints(context: ParseContext): void {
  const { tokens } = context;
  for (;;) {
    const { word } = tokens.peek();
    if (word !== "use" && word !== "force" && word !== "ignore") return;
    const from = tokens.position;
    tokens.take();
    if (!tokens.accept("index")) tokens.expect("key");
    if (tokens.accept("for")) {
      if (tokens.accept("order") || tokens.accept("group")) tokens.expect("by");
      else tokens.expect("join");
    }
    tokens.expectKind(T_OPEN);
    while (!tokens.acceptKind(T_CLOSE)) {
      if (!tokens.accept("primary")) tokens.name();
      if (tokens.peek().kind !== T_CLOSE) tokens.expectKind(T_COMMA);
    }
    tokens.hideSince(from);
  }
}
