import { POSTGRES_LEXER_SETTINGS } from "./lexer-settings.ts";
import { describe, expect, test } from "vitest";

import type { StatementTraits } from "../shape.ts";
import { postgresLexer } from "./lexer.ts";

function traits(text: string): StatementTraits {
  return postgresLexer.traits(text, POSTGRES_LEXER_SETTINGS);
}

const PLAIN_READ = {
  multiple: false,
  read: true,
  mayWrite: false,
  mayChangeSession: false,
  uncacheable: null,
  skipCache: false,
  readsDiagnostics: false,
};

test.each([
  "SELECT * FROM t WHERE id = 1",
  "(SELECT 1)",
  "WITH x AS (SELECT 1), y AS MATERIALIZED (SELECT 2) SELECT * FROM x;",
  "WITH x(a, b) AS (SELECT 1, 2) SELECT * FROM x",
  "VALUES (1, 2)",
  "TABLE t",
  "SELECT count(*), lower(a), coalesce(a, b), a::numeric(10,2), pg_catalog.abs(-1) FROM t",
  "SELECT a FROM t AS x(a, b) JOIN u USING (id) WHERE a IN (1,2) AND EXISTS (SELECT 1)",
  "SELECT substring(a from 1 for 2), extract(year from d), cast(a as varchar(3)) FROM t",
  "SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY c) FROM t GROUP BY GROUPING SETS ((a), ())",
  'SELECT t.update, t.into, t.user, "current_user", x AS user FROM t',
  "SELECT 'insert into', ';', $$for update$$ -- nextval()\n FROM t",
  "SELECT age(a, b) FROM t",
  "SELECT a::character varying(3), b::bit varying(2), c::double precision FROM t ORDER BY (a)",
  "SELECT a FROM t WHERE (b) NOT IN (1) AND c LIKE ('x') GROUP BY CUBE (a)",
])("a plain read: %s", (text) => {
  expect(traits(text)).toMatchObject(PLAIN_READ);
});

test.each<[string, RegExp]>([
  ["SELECT now()", /now\(\) differs/],
  ["SELECT pg_catalog.now()", /now\(\) differs/],
  ["SELECT current_timestamp, 1", /CURRENT_TIMESTAMP differs/],
  ["SELECT CURRENT_USER", /CURRENT_USER differs/],
  ["SELECT age(a) FROM t", /age\(\) with one argument/],
  ["SELECT age((a), lower(b)), age(lower(a)) FROM t", /age\(\) with one argument/],
  ["SELECT nextval('s')", /nextval\(\)/],
  ["SELECT * FROM t FOR UPDATE", /FOR UPDATE locks/],
  ["SELECT * FROM t FOR NO KEY UPDATE", /FOR NO KEY UPDATE locks/],
  ["SELECT * FROM t FOR SHARE NOWAIT", /FOR SHARE locks/],
  ["SELECT * INTO x FROM t", /SELECT INTO/],
  ["SELECT * FROM t TABLESAMPLE system(1)", /TABLESAMPLE/],
  ["WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x", /WITH clause/],
])("a read that is never cached: %s", (text, reason) => {
  expect(traits(text)).toMatchObject({
    read: true,
    uncacheable: expect.stringMatching(reason) as string,
  });
});

describe("writes and changes of the session", () => {
  test.each<[string, boolean, boolean]>([
    ["SELECT f(1)", true, true],
    ["SELECT s.lower('x')", true, true],
    ['SELECT "F"(1)', true, true],
    ["SELECT * FROM f(1)", true, true],
    ["SELECT set_config('a', 'b', false)", true, true],
    ["SELECT nextval('s')", true, true],
    ["SELECT now(), random()", false, false],
    ["SELECT * FROM t FOR UPDATE", true, false],
    ["SELECT * INTO x FROM t", true, true],
    ["WITH x AS (INSERT INTO t (a) VALUES (1) RETURNING a) SELECT * FROM x", true, false],
    ["WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", true, false],
    ["INSERT INTO t (a) VALUES (1)", true, false],
    ["INSERT INTO s.t (a) VALUES (lower('x')) ON CONFLICT (a) DO UPDATE SET a = 1", true, false],
    ["UPDATE t SET a = f(1)", true, true],
    ["UPDATE pg_catalog.pg_settings SET setting = 'x'", true, true],
    ["SELECT first(a), key(b) FROM t", true, true],
    ["DELETE FROM t", true, false],
    ["COPY t FROM STDIN", true, false],
    ["TRUNCATE t", true, false],
    ["BEGIN", false, false],
    ["START TRANSACTION READ ONLY", false, false],
    ["COMMIT", false, false],
    ["ROLLBACK TO SAVEPOINT a", false, false],
    ["SHOW search_path", false, false],
    ["SET search_path = a", false, true],
    ["RESET ALL", false, true],
    ["DISCARD ALL", false, true],
    ["DO $$ begin end $$", true, true],
    ["CALL p()", true, true],
    ["CREATE TEMP TABLE x ()", true, true],
    ["DROP TABLE x", true, true],
    ["EXECUTE p", true, true],
    ["EXPLAIN SELECT 1", false, false],
    ["EXPLAIN (ANALYZE) UPDATE t SET a = 1", true, true],
    ["LOAD 'x'", true, true],
    ["NONSENSE", true, true],
    ["SELECT 'unterminated", true, true],
    ["", false, false],
  ])("%s", (text, mayWrite, mayChangeSession) => {
    expect(traits(text)).toMatchObject({ mayWrite, mayChangeSession });
  });

  test("of several statements, any counts", () => {
    expect(traits("SELECT 1; SET a = 1; UPDATE t SET b = 2")).toEqual({
      ...PLAIN_READ,
      verb: "select",
      multiple: true,
      read: false,
      mayWrite: true,
      mayChangeSession: true,
    });
    expect(traits("SELECT 1;;").multiple).toBe(false);
  });
});

test.each<[string, boolean]>([
  ["/*rs+ SKIP CACHE */ SELECT 1", true],
  ["SELECT /*freshet+ skip  cache*/ 1", true],
  ["SELECT 1 /*rs+ SKIP CACHE */", true],
  ["/* rs+ SKIP CACHE please */ SELECT 1", false],
  ["SELECT '/*rs+ SKIP CACHE */'", false],
  ["-- /*rs+ SKIP CACHE */\nSELECT 1", false],
])("the hint: %s", (text, skipCache) => {
  expect(traits(text).skipCache).toBe(skipCache);
});

test.each<[string, string]>([
  ["  -- c\n SeLeCT 1", "select"],
  ["((SELECT 1))", "select"],
  ["begin", "begin"],
  ["", ""],
  [";", ""],
])("the verb of %j", (text, verb) => {
  expect(traits(text).verb).toBe(verb);
});
