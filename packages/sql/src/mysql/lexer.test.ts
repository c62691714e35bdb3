import { describe, expect, test } from "vitest";

import type { Shape } from "../shape.ts";
import { LIST_MARK, SLOT_MARK } from "../shape-writer.ts";
import { mysqlLexer } from "./lexer.ts";
import { mysqlLexerSettings } from "./lexer-settings.ts";
import { CACHEABLE_STATEMENTS, OTHER_STATEMENTS } from "./statements.data.ts";

const SETTINGS = mysqlLexerSettings([]);

function bytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function shapeOf(text: string, settings = SETTINGS): Shape {
  const shape = mysqlLexer.shape(bytes(text), settings);
  if (shape === null) throw new Error(`no shape: ${text}`);
  return shape;
}

/** `¿` for a slot and `[¿]` for a list, to read more easily. */
function shown(text: string): string {
  const { text: shape } = shapeOf(text);
  const marked = shape.replaceAll(SLOT_MARK, bytes("¿")).replaceAll(LIST_MARK, bytes("[¿]"));
  return Buffer.from(marked, "latin1").toString("utf8");
}

describe("shape", () => {
  test.each<[string, string]>([
    ["SELECT * FROM T WHERE Id=5;", "select * from T where Id = ¿"],
    ["select a from t where b in (1,?,'x')", "select a from t where b in ( [¿] )"],
    ["select a from t where b in (1,c)", "select a from t where b in ( ¿ , c )"],
    ["select a from t where f(1) or f (2)", "select a from t where f( ¿ ) or f ( ¿ )"],
    ["select a from t where b between -1 and - 2", "select a from t where b between ¿ and ¿"],
    ["select a from t where b -5 = c-5", "select a from t where b - ¿ = c - ¿"],
    ["select a from t where b = - -5", "select a from t where b = - ¿"],
    ["select a from t where `b` -5 and (c) -5", "select a from t where `b` - ¿ and ( c ) - ¿"],
    ["select a from t where b mod -5", "select a from t where b mod ¿"],
    ["select a from t where b = 'x' \"y\"", "select a from t where b = ¿"],
    ["select a from t where b = 0x1f", "select a from t where b = 0x1f"],
    ["select a from t where b=1 -- c\n limit 2,3", "select a from t where b = ¿ limit ¿ , ¿"],
    // The items of a select list, and their literals, stay as they are.
    ["select  a ,b  , 1+1 from t", "select a , b , 1+1 from t"],
    ["SELECT COUNT(*)  AS n, 'x'  from t", "select COUNT(*) as n , 'x' from t"],
    ["select a  +? from t where b=?", "select a  +¿ from t where b = ¿"],
    ["select distinct  A from t", "select distinct A from t"],
    ["select a/* c */+1 from t", "select a/* c */+1 from t"],
    ["select (a in (1, 2)) from t", "select (a in (1, 2)) from t"],
    [
      "select x from (select  a+1  as x from t where b=1) d where x=2",
      "select x from ( select a+1 as x from t where b = ¿ ) d where x = ¿",
    ],
    ["select É from t", "select É from t"],
    ["", ""],
    [" ;; ", ""],
    ["select 1; select 2", "select 1 ; select 2"],
  ])("%s", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test.each([
    "select /*+ MAX_EXECUTION_TIME(1) */ 1",
    "select /*! 1 */",
    "select 'x",
    "select a from t where b = '\\\u0000",
  ])("none for %s", (text) => {
    expect(mysqlLexer.shape(text, SETTINGS)).toBeNull();
  });

  test("none for a string that is not UTF-8", () => {
    expect(mysqlLexer.shape("select a from t where b = '\xe9'", SETTINGS)).toBeNull();
  });
});

test("slots hold the values, spans their places", () => {
  const text = "select a from t where b = - 5 and c in ('x\\n', ?, 1e3) and d = 'p' 'q' and e = ?";
  const { slots, spans } = shapeOf(text);
  expect(slots).toEqual([
    { kind: "literal", literal: "integer", value: "-5" },
    {
      kind: "list",
      elements: [
        { kind: "literal", literal: "string", value: "x\n" },
        { kind: "placeholder", index: 0 },
        { kind: "literal", literal: "decimal", value: "1e3" },
      ],
    },
    { kind: "literal", literal: "string", value: "pq" },
    { kind: "placeholder", index: 1 },
  ]);
  expect(spans.map(({ start, end }) => text.slice(start, end))).toEqual([
    "- 5",
    "'x\\n', ?, 1e3",
    "'p' 'q'",
    "?",
  ]);
});

test.each<[string, string, string]>([
  ["18446744073709551615", "integer", "18446744073709551615"],
  ["18446744073709551616", "decimal", "18446744073709551616"],
  ["-9223372036854775808", "integer", "-9223372036854775808"],
  ["-9223372036854775809", "decimal", "-9223372036854775809"],
  ["007", "integer", "007"],
  ["'\\0\\'\\\"\\b\\n\\r\\t\\Z\\\\\\%\\_\\q'", "string", "\0'\"\b\n\r\t\x1a\\\\%\\_q"],
  ["'it''s'", "string", "it's"],
  ['"say ""x"" \'y\'"', "string", "say \"x\" 'y'"],
])("the literal %s", (text, literal, value) => {
  expect(shapeOf(`select a from t where b = ${text}`).slots).toEqual([
    { kind: "literal", literal, value },
  ]);
});

test("sql_mode changes what is a literal", () => {
  const text = "select a from t where \"b\" = 'x\\'";
  expect(mysqlLexer.shape(text, SETTINGS)).toBeNull();
  const settings = mysqlLexerSettings(["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"]);
  const shape = shapeOf(text, settings);
  expect(shape.text).toBe(`select a from t where "b" = ${SLOT_MARK}`);
  expect(shape.slots).toEqual([{ kind: "literal", literal: "string", value: "x\\" }]);
});

test.each([...CACHEABLE_STATEMENTS, ...OTHER_STATEMENTS.map(([text]) => text)])(
  "the shape of %s is its own",
  (text) => {
    const { text: shape, slots } = shapeOf(text);
    let index = 0;
    const again = shape.replace(/[\u0001\u0002]/g, () => {
      const slot = slots[index++];
      return slot?.kind === "list" ? slot.elements.map(() => "?").join() : "?";
    });
    expect(mysqlLexer.shape(again, SETTINGS)?.text).toBe(shape);
  },
);

test("an arrow begins no sign", () => {
  const shape = mysqlLexer.shape("select a from t where b = ->5", mysqlLexerSettings([]));
  expect(shape?.text).toBe("select a from t where b = -> \u0001");
});
