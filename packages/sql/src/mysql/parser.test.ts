import { beforeAll, describe, expect, test } from "vitest";

import { type Expression, Unsupported } from "../ast.ts";
import { SqlSyntaxError } from "../syntax-error.ts";
import { mysqlLexerSettings } from "./lexer-settings.ts";
import { crossCheckMysqlSelect, parseMysqlSelect, readMysqlSelect } from "./parser.ts";
import { printed } from "./print-expression.testing.ts";
import { loadMysqlParser } from "./second-reading.ts";
import { CACHEABLE_STATEMENTS, OTHER_STATEMENTS } from "./statements.data.ts";

const SETTINGS = mysqlLexerSettings([]);

beforeAll(async () => {
  await loadMysqlParser();
});

function where(condition: string, settings = SETTINGS): Expression {
  const { where: tree } = readMysqlSelect(`select 1 from t where ${condition}`, settings);
  if (tree === null) throw new Error("no condition");
  return tree;
}

test.each(CACHEABLE_STATEMENTS)("both parsers read %s", (text) => {
  expect(crossCheckMysqlSelect(text, SETTINGS)).toBeNull();
});

test.each(OTHER_STATEMENTS)("refuses %s", (text, reason) => {
  let error: unknown = null;
  try {
    parseMysqlSelect(text, SETTINGS);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(Unsupported);
  expect(String(error)).toContain(reason);
});

test.each([
  "SELECT",
  "SELECT FROM t",
  "SELECT a FROM",
  "SELECT a, FROM t",
  "SELECT a FROM t WHERE",
  "SELECT a FROM t WHERE (a",
  "SELECT a FROM t LIMIT -1",
  "SELECT a FROM t LIMIT 1.5",
  "SELECT a, * FROM t",
  "SELECT a FROM t WHERE 'unterminated",
  "SELECT a b c FROM t",
  "SELECT a FROM t WHERE a = = b",
  "SELECT case a end",
  "UPDATE t SET a = 1",
  "SELECT a /*! + 1 */ FROM t",
])("is no SQL of ours: %s", (text) => {
  expect(() => parseMysqlSelect(text, SETTINGS)).toThrow(SqlSyntaxError);
});

test("the position of an error counts characters", () => {
  try {
    parseMysqlSelect("SELECT 'é😀' x FROM t WHERE )", SETTINGS);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ position: "SELECT 'é😀' x FROM t WHERE ".length });
  }
});

describe("precedence", () => {
  test.each([
    ["a or b and c", "(`a` or (`b` and `c`))"],
    ["a or b xor c and d", "(`a` or (`b` xor (`c` and `d`)))"],
    ["not a = b and c", "((not (`a` = `b`)) and `c`)"],
    ["! a = b", "((not `a`) = `b`)"],
    ["a = b = c", "((`a` = `b`) = `c`)"],
    ["a between 1 and 2 and b", "((`a` between 1 and 2) and `b`)"],
    ["a | b & c << 1 + 2 * 3 ^ 4", "(`a` | (`b` & (`c` << (1 + (2 * (3 ^ 4))))))"],
    ["-a ^ 2", "((- `a`) ^ 2)"],
    ["a - b - c", "((`a` - `b`) - `c`)"],
    ["a = b is null", "((`a` = `b`) is null)"],
    ["a || b && c", "(`a` or (`b` and `c`))"],
    ["- - 5", "(- (-5))"],
  ])("%s", (text, expected) => {
    expect(printed(where(text))).toBe(expected);
  });

  test("by sql_mode", () => {
    const pipes = mysqlLexerSettings(["PIPES_AS_CONCAT"]);
    expect(where("a || b ^ c", pipes)).toMatchObject({ operator: "^", left: { operator: "||" } });
    expect(where("-a || b", pipes)).toMatchObject({ operator: "||", left: { kind: "unary" } });
    const high = mysqlLexerSettings(["HIGH_NOT_PRECEDENCE"]);
    expect(where("not a = b", high)).toMatchObject({ operator: "=", left: { kind: "unary" } });
    const ansi = mysqlLexerSettings(["ANSI_QUOTES"]);
    expect(where('"a" = 1', ansi)).toMatchObject({ left: { kind: "column", path: ["a"] } });
    expect(where('"a" = 1')).toMatchObject({ left: { kind: "literal", text: "a" } });
  });
});

test("offsets count bytes and begin at a folded sign", () => {
  const text = "select 'é' from t where a = - 5 and b in ('é', -1) limit 2, 3";
  const bytes = Buffer.from(text).toString("latin1");
  const tree = readMysqlSelect(text, SETTINGS);
  expect(tree.where).toMatchObject({
    operands: [
      { right: { text: "-5", at: bytes.indexOf("- 5") } },
      {
        list: [
          { text: "é", at: bytes.lastIndexOf("'Ã") },
          { text: "-1", at: bytes.indexOf("-1") },
        ],
      },
    ],
  });
  expect(tree.limit).toMatchObject({ text: "3" });
  expect(tree.offset).toMatchObject({ text: "2" });
});
