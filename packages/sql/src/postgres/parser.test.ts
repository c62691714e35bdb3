import { POSTGRES_LEXER_SETTINGS } from "./lexer-settings.ts";
import { beforeAll, describe, expect, test } from "vitest";

import { type Expression, Unsupported } from "../ast.ts";
import { postgresLexer } from "./lexer.ts";
import { loadPostgresParser, parsePostgresSelect } from "./parser.ts";
import { CACHEABLE_STATEMENTS } from "./statements.data.ts";
import { SqlSyntaxError } from "../syntax-error.ts";

beforeAll(async () => {
  await loadPostgresParser();
});

/** The nodes of a tree that have a slot: numbers, strings, placeholders. */
function valuesIn(tree: unknown): { kind: string; at: number }[] {
  if (Array.isArray(tree)) return tree.flatMap(valuesIn);
  if (typeof tree !== "object" || tree === null) return [];
  const node = tree as { kind?: unknown; at?: unknown };
  const below = Object.values(tree).flatMap(valuesIn);
  return node.kind === "literal" || node.kind === "placeholder"
    ? [tree as { kind: string; at: number }, ...below]
    : below;
}

function itemOf(text: string): Expression {
  const item = parsePostgresSelect(text).items[0];
  if (item?.kind !== "expression") throw new Error("no expression");
  return item.expression;
}

function whereOf(condition: string): Expression | null {
  return parsePostgresSelect(`select 1 from t where ${condition}`).where;
}

describe("every value of the tree stands where the lexer has a slot", () => {
  // Verbatim strings are part of the shape; modifiers of types are no expressions.
  test.each(CACHEABLE_STATEMENTS)("%s", (text) => {
    const bytes = Buffer.from(text, "utf8").toString("latin1");
    const shape = postgresLexer.shape(bytes, POSTGRES_LEXER_SETTINGS);
    const starts = (shape?.spans ?? []).flatMap((span) =>
      (span.elements ?? [span]).map((element) => element.start),
    );
    const values = valuesIn(parsePostgresSelect(text));
    const places = values.map((value) => value.at);
    expect(new Set(places).size).toBe(places.length);
    for (const place of places) {
      const verbatim = /^(?:\$\$|\$t\$|U&|year)/.test(bytes.slice(place));
      if (!verbatim) expect(starts).toContain(place);
    }
    const modifiers = /numeric\(10, 2\)|varchar\(20\)/.test(text) ? 3 : 0;
    const verbatim = places.filter((place) => !starts.includes(place)).length;
    expect(places.length - verbatim).toBe(starts.length - modifiers);
  });
});

describe("signs", () => {
  test("a folded sign is part of the literal", () => {
    expect(itemOf("select -5")).toEqual({ kind: "literal", literal: "integer", text: "-5", at: 7 });
    expect(itemOf("select - 1.5")).toMatchObject({ literal: "decimal", text: "-1.5", at: 7 });
  });

  test("a cast binds before a sign", () => {
    expect(itemOf("select -5::int")).toMatchObject({
      kind: "unary",
      operator: "-",
      operand: { kind: "cast", operand: { kind: "literal", text: "5", at: 8 } },
    });
  });

  test("a sign that only the grammar folds stays an operator", () => {
    expect(itemOf("select -(5)")).toMatchObject({
      kind: "unary",
      operand: { kind: "literal", text: "5", at: 9 },
    });
  });

  test("the least integers have the type of their sign", () => {
    expect(itemOf("select -9223372036854775808")).toMatchObject({ literal: "integer" });
    expect(itemOf("select 9223372036854775808")).toMatchObject({ literal: "decimal" });
    expect(() => itemOf("select -(2147483648)")).toThrow(Unsupported);
  });
});

test("offsets are bytes of UTF-8", () => {
  expect(whereOf("é = 'ü' and b = 5")).toMatchObject({
    operands: [{ right: { text: "ü", at: 27 } }, { right: { text: "5", at: 40 } }],
  });
});

describe("conditions", () => {
  test.each<[string, object]>([
    ["a between symmetric 1 and 2", { kind: "between", symmetric: true, negated: false }],
    ["a not between 1 and 2", { kind: "between", symmetric: false, negated: true }],
    ["a not in (1, 2)", { kind: "in-list", negated: true }],
    ["a = any(array[1, 2])", { kind: "any-array", array: { kind: "array", elements: [{}, {}] } }],
    [
      "a = any(array[1]::int[])",
      { kind: "any-array", array: { kind: "cast", operand: { kind: "array" } } },
    ],
    ['a collate "C"', { kind: "collate", collation: ["C"], operand: { kind: "column" } }],
    ["a = any($1)", { kind: "any-array", operator: "=", array: { kind: "placeholder" } }],
    [
      "a = any('{1}'::int[])",
      { kind: "any-array", array: { kind: "cast", type: { array: true } } },
    ],
    ["a not ilike 'x'", { kind: "binary", operator: "not ilike" }],
    ["a ~~ 'x'", { kind: "binary", operator: "like" }],
    ["a is not distinct from 1", { kind: "distinct-from", negated: true }],
    ["a is not true", { kind: "is", test: "not true" }],
    ["a isnull", { kind: "is", test: "null" }],
    ["not a", { kind: "unary", operator: "not" }],
    ["a <> 1 or b", { kind: "or" }],
    ["a != 1", { kind: "binary", operator: "<>" }],
    ["a", { kind: "column", path: ["a"] }],
    ['t.A = "B"', { left: { path: ["t", "a"] }, right: { path: ["B"] } }],
  ])("%s", (condition, expected) => {
    expect(whereOf(condition)).toMatchObject(expected);
  });
});

describe("reasons a person can read", () => {
  test.each<[string, string]>([
    ["select row_number() over () from t", "window functions are"],
    ["select 1 union select 2", "UNION is"],
    ["select 1 where exists (select 1)", "a subquery in an expression is"],
    ["select 1 where a in (select 1)", "a subquery in an expression is"],
    ["select distinct on (a) a from t", "DISTINCT ON is"],
    ["select a from t group by rollup (a)", "GROUPING SETS is"],
    ["select a from t order by a fetch first 1 rows with ties", "LIMIT WITH TIES is"],
    ["select a from t for no key update", "FOR UPDATE or FOR SHARE is"],
    ["select 1 from t, lateral (select 1) x", "LATERAL is"],
    ["select 1 from f()", "a function in FROM is"],
    ["select 1 from t tablesample system (1)", "TABLESAMPLE is"],
    ["select 1 from only t", "ONLY is"],
    ["select current_timestamp", "a function of the session or the current time is"],
    ["select 'now'::timestamptz", "the current date or time ('now') is"],
    ["select date ' Tomorrow '", "the current date or time ('Tomorrow') is"],
    ["with recursive x as (select 1) select 1", "WITH RECURSIVE is"],
    ["with x as (delete from t returning a) select * from x", "a data-modifying WITH is"],
    ["select (a, b) = (1, 2) from t", "a row constructor is"],
    ["select string_agg(a, ',' order by a) from t", "ORDER BY in an aggregate is"],
    ["select f(variadic a) from t", "VARIADIC is"],
    ["select f(a => 1) from t", "a named argument is"],
    ["select percentile_cont(0.5) within group (order by a) from t", "WITHIN GROUP is"],
    ["select array[a] from t", "ARRAY[…] is"],
    ["select array[a]::int[] from t", "ARRAY[…] is"],
    ["select a[1] from t", "a subscript or field selection is"],
    ["select count(t.*) from t", "a whole-row reference is"],
    ["select a from t order by 'x'", "a constant in ORDER BY is"],
    ["select a from t order by -1", "a constant in ORDER BY is"],
    ["select a from t group by $1", "a constant in GROUP BY is"],
    ["select a from t order by a using <", "ORDER BY USING is"],
    ["select * from (a join b on true) as j", "an alias of a join is"],
    ["select a similar to 'x' from t", "SIMILAR TO is"],
    ["select a = all($1) from t", "ALL (array) is"],
    ["select a operator(s.+) 1 from t", "an operator of another schema is"],
    ["select 1_000", "an unusual way to write a literal is"],
    ["select b'1'", "a bit string literal is"],
    ["select 1; select 2", "more than one statement is"],
    ["", "an empty statement is"],
    ["values (1)", "VALUES is"],
    ["table t", ""],
    ["insert into t values (1)", "only SELECT can be cached"],
    ["select json_object('a': 1)", "the syntax JsonObjectConstructor is"],
  ])("%s", (text, reason) => {
    if (reason === "") {
      expect(() => parsePostgresSelect(text)).not.toThrow();
      return;
    }
    let thrown: unknown;
    try {
      parsePostgresSelect(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Unsupported);
    expect((thrown as Error).message).toContain(reason);
  });
});

test("a syntax error has the server's message and the position in characters", () => {
  try {
    parsePostgresSelect("select 'é' frm t x");
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(SqlSyntaxError);
    expect(error).toMatchObject({ message: 'syntax error at or near "t"', position: 15 });
  }
});

test("statements too deep for the parser are refused and leave it usable", () => {
  const deep = [
    `select ${"(".repeat(20_000)}1${")".repeat(20_000)}`,
    `select ${"a + ".repeat(20_000)}a from t`,
    `select 1 where ${"not ".repeat(20_000)}a`,
  ];
  for (const text of deep) expect(() => parsePostgresSelect(text)).toThrow("this long");
  expect(() => parsePostgresSelect(`select 1 where ${"not ".repeat(4_000)}a`)).toThrow(Unsupported);
  const list = Array.from({ length: 10_000 }, (_, index) => index).join(",");
  expect(parsePostgresSelect(`select 1 from t where a in (${list})`).items).toHaveLength(1);
  expect(parsePostgresSelect("select 1").items).toHaveLength(1);
});
