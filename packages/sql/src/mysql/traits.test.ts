import { describe, expect, test } from "vitest";

import type { StatementTraits } from "../shape.ts";
import { mysqlLexer } from "./lexer.ts";
import { mysqlLexerSettings } from "./lexer-settings.ts";

const SETTINGS = mysqlLexerSettings([]);

function traits(text: string): StatementTraits {
  return mysqlLexer.traits(text, SETTINGS);
}

const PLAIN_READ: StatementTraits = {
  verb: "select",
  multiple: false,
  read: true,
  mayWrite: false,
  mayChangeSession: false,
  uncacheable: null,
  skipCache: false,
  readsDiagnostics: false,
};

test.each([
  "select a from t where b = 1",
  "(select 1)",
  "select count(*), if(a, b, c), `left`(s, 1) from t",
  "select cast(a as datetime(6)), char(65) from t",
  "select a from t where b in (1) and (c)",
  "select current_date_, t.now, `rand` from t",
  "select replace(s, 'a', 'b'), insert(s, 1, 2, 'c') from t",
])("a plain read: %s", (text) => {
  expect(traits(text)).toEqual(PLAIN_READ);
});

test("|| that concatenates is no deprecated OR", () => {
  const concatenating = mysqlLexerSettings(["PIPES_AS_CONCAT"]);
  expect(mysqlLexer.traits("select a || b from t", concatenating)).toEqual(PLAIN_READ);
});

test.each<[string, Partial<StatementTraits>]>([
  ["select a from t for update", { mayWrite: true }],
  ["select a from t for share nowait", { mayWrite: true }],
  ["select a from t lock in share mode", { mayWrite: true }],
  ["select a into outfile 'x' from t", { mayWrite: true, mayChangeSession: true }],
  ["select a into @x from t", { mayWrite: true, mayChangeSession: true }],
  ["select @a := 1", { mayChangeSession: true }],
  ["select @@warning_count", { readsDiagnostics: true }],
  ["select @@session.error_count", { readsDiagnostics: true }],
  ["select @@SQL_MODE", {}],
  ["select found_rows()", { readsDiagnostics: true }],
  ["select ROW_COUNT ( )", { readsDiagnostics: true }],
  ["select now()", {}],
  ["select CURRENT_TIMESTAMP", {}],
  ["select last_insert_id()", {}],
  ["select get_lock('a', 1)", { mayWrite: true, mayChangeSession: true, readsDiagnostics: true }],
  ["select sql_calc_found_rows a from t", {}],
  ["select next value for s", { mayWrite: true, mayChangeSession: true, readsDiagnostics: true }],
  ["select /*+ SET_VAR(sql_mode='') */ a from t", {}],
  ["select a from t where a && b", {}],
  ["select a from t where a || b", {}],
  ["select !a from t where a != b", {}],
])("is never cached: %s", (text, expected) => {
  const { uncacheable, ...others } = traits(text);
  const { uncacheable: none, ...plain } = { ...PLAIN_READ, ...expected };
  expect(none).toBeNull();
  expect(uncacheable).not.toBeNull();
  expect(others).toMatchObject(plain);
});

test.each([
  "select f(1)",
  "select db.f(1)",
  "select `f`(1)",
  "call p()",
  "execute s",
  "/*!40101 set a = 1 */",
  "select 'unterminated",
  "begin not atomic select 1; end",
  "set statement max_statement_time = 1 for delete from t",
  "nonsense",
  "create temporary table t (a int)",
  "drop database d",
])("may do anything: %s", (text) => {
  expect(traits(text)).toMatchObject({
    mayWrite: true,
    mayChangeSession: true,
    readsDiagnostics: true,
  });
});

describe("effects", () => {
  test.each<[string, string, boolean, boolean]>([
    ["insert into t (a) values (1) on duplicate key update a = values(a)", "insert", true, false],
    ["update t set a = 1", "update", true, false],
    ["update t set a = f(1)", "update", true, true],
    ["with x as (select 1) delete from t", "with", true, false],
    ["replace into t values (1)", "replace", true, false],
    ["begin", "begin", false, false],
    ["start transaction", "start", false, false],
    ["commit", "commit", false, false],
    ["set names utf8mb4", "set", false, true],
    ["set @x = f(1)", "set", true, true],
    ["use db", "use", false, true],
    ["show tables", "show", false, false],
    ["explain select a from t", "explain", false, false],
    ["explain analyze select a from t", "explain", true, true],
    ["kill 5", "kill", false, false],
    ["lock tables t read", "lock", false, true],
    ["prepare s from 'select 1'", "prepare", true, true],
    ["load data local infile 'x' into table t", "load", true, false],
    ["truncate t", "truncate", true, false],
  ])("%s", (text, verb, mayWrite, mayChangeSession) => {
    const found = traits(text);
    expect(found).toMatchObject({ verb, mayWrite, mayChangeSession, read: false });
  });
});

test("several statements", () => {
  expect(traits("select 1; set @a = 1;")).toMatchObject({
    verb: "select",
    multiple: true,
    read: false,
    mayChangeSession: true,
  });
  expect(traits("select 1;;")).toMatchObject({ multiple: false, read: true });
});

test("the hint, and SQL_NO_CACHE", () => {
  expect(traits("select /*rs+ skip cache*/ 1").skipCache).toBe(true);
  expect(traits("select /* freshet+ SKIP CACHE */ 1").skipCache).toBe(true);
  expect(traits("select sql_no_cache 1").skipCache).toBe(true);
  expect(traits("select '/*rs+ skip cache*/'").skipCache).toBe(false);
});

test("diagnostics by SHOW", () => {
  for (const text of ["show warnings", "SHOW COUNT(*) ERRORS", "show errors limit 1"]) {
    expect(traits(text).readsDiagnostics).toBe(true);
  }
  expect(traits("show tables").readsDiagnostics).toBe(false);
});
