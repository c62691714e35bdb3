import { describe, expect, test } from "vitest";

import { parseCacheStatement, parseMysqlCacheStatement } from "./cache-statement-parser.ts";
import type { CacheStatement } from "./cache-statement.ts";
import { mysqlLexerSettings } from "./mysql/lexer-settings.ts";

function statement(text: string): CacheStatement {
  const parsed = parseCacheStatement(text);
  if (parsed.kind !== "statement") throw new Error(`${text}: ${JSON.stringify(parsed)}`);
  return parsed.statement;
}

describe("statements of the database are not ours", () => {
  test.each([
    "",
    "SELECT 1",
    "select cache from caches",
    "CREATE TABLE cache (id int)",
    "CREATE INDEX ON caches (id)",
    "create temp table x()",
    "DROP TABLE cache",
    "SHOW search_path",
    "show all",
    "SHOW transaction_isolation",
    "SHOW freshet.setting",
    "EXPLAIN SELECT 1",
    "EXPLAIN (ANALYZE) SELECT 1",
    "EXPLAIN CREATE TABLE x AS SELECT 1",
    "ALTER TABLE freshet ADD COLUMN x int",
    "ALTER SYSTEM SET x = 1",
    "'unterminated",
    "BEGIN",
  ])("%s", (text) => {
    expect(parseCacheStatement(text)).toEqual({ kind: "not-ours" });
  });
});

describe("CREATE CACHE", () => {
  const base = {
    kind: "create-cache",
    name: null,
    ifNotExists: false,
    concurrently: false,
    inTransaction: "default",
    maintenance: "default",
  };
  const select = { kind: "select", select: "SELECT * FROM t WHERE a = $1" };
  const from = `FROM ${select.select}`;

  test.each<[string, object]>([
    [`CREATE CACHE ${from}`, {}],
    [`create /* c */ cache ${from} ; `, {}],
    [`CREATE CACHE byname ${from}`, { name: "byname" }],
    [`CREATE CACHE ByName ${from}`, { name: "byname" }],
    [`CREATE CACHE "By ""Name" ${from}`, { name: 'By "Name' }],
    [`CREATE CACHE s.n ${from}`, { name: "s.n" }],
    [`CREATE DEEP CACHE n ${from}`, { name: "n", maintenance: "deep" }],
    [`CREATE SHALLOW CACHE ${from}`, { maintenance: "shallow" }],
    [`CREATE CACHE IF NOT EXISTS n ${from}`, { name: "n", ifNotExists: true }],
    [`CREATE CACHE ALWAYS n ${from}`, { name: "n", inTransaction: "always" }],
    [`CREATE CACHE UNTIL WRITE ${from}`, { inTransaction: "until-write" }],
    [`CREATE CACHE CONCURRENTLY n ${from}`, { name: "n", concurrently: true }],
    [`CREATE CACHE n WITH () ${from}`, { name: "n" }],
    [
      `CREATE CACHE n WITH (ALWAYS, CONCURRENTLY) ${from}`,
      { name: "n", inTransaction: "always", concurrently: true },
    ],
    [`CREATE CACHE WITH (UNTIL WRITE) ${from}`, { inTransaction: "until-write" }],
  ])("%s", (text, differences) => {
    expect(statement(text)).toEqual({ ...base, source: select, ...differences });
  });

  test("takes a query id", () => {
    expect(statement("CREATE CACHE n FROM q_0123456789abcdef;")).toMatchObject({
      source: { kind: "query-id", queryId: "q_0123456789abcdef" },
    });
  });

  test("keeps the query's own text, its comments and its semicolons inside quotes", () => {
    const query = "WITH x AS (SELECT ';') /* ; */ SELECT * FROM x -- end";
    expect(statement(`CREATE CACHE FROM ${query}\n;`)).toMatchObject({
      source: { kind: "select", select: query.slice(0, -7) },
    });
  });

  test.each<[string, RegExp]>([
    ["CREATE CACHE", /expected a name at the end/],
    ["CREATE CACHE n", /expected FROM at the end/],
    ["CREATE CACHE n FROM t", /expected a SELECT or a query id at or near "t"/],
    ["CREATE CACHE n FROM SELECT 'x", /not complete/],
    ["CREATE CACHE n FROM SELECT 1; SELECT 2", /end of the statement/],
    ["CREATE CACHE POLICY TTL 5 SECONDS FROM SELECT 1", /POLICY is not supported yet/],
    ["CREATE CACHE n WITH (POLICY TTL 5 SECONDS) FROM SELECT 1", /not supported yet/],
    ["CREATE CACHE ALWAYS n WITH (UNTIL WRITE) FROM SELECT 1", /not both/],
    ["CREATE CACHE n WITH (NONSENSE) FROM SELECT 1", /expected an option/],
    ["CREATE DEEP TABLE n", /expected CACHE/],
  ])("%s is an error", (text, message) => {
    expect(parseCacheStatement(text)).toMatchObject({
      kind: "error",
      message: expect.stringMatching(message) as string,
    });
  });

  test("the position counts from one", () => {
    expect(parseCacheStatement("CREATE CACHE n FROM t")).toMatchObject({ position: 21 });
  });
});

describe("the other statements", () => {
  const id = "q_1f";
  test.each<[string, CacheStatement]>([
    ["DROP CACHE n", { kind: "drop-cache", name: "n", ifExists: false }],
    ["drop cache if exists s.n;", { kind: "drop-cache", name: "s.n", ifExists: true }],
    ["DROP ALL CACHES", { kind: "drop-all-caches" }],
    ["DROP ALL DEEP CACHES", { kind: "drop-all-caches" }],
    ["DROP ALL PROXIED QUERIES", { kind: "drop-all-proxied-queries" }],
    ["SHOW CACHES", { kind: "show-caches", queryId: null }],
    ["show deep caches;", { kind: "show-caches", queryId: null }],
    [`SHOW CACHES WHERE query_id = '${id}'`, { kind: "show-caches", queryId: id }],
    [
      "SHOW PROXIED QUERIES",
      { kind: "show-proxied-queries", supportedOnly: false, queryId: null, limit: null },
    ],
    [
      `SHOW PROXIED SUPPORTED QUERIES WHERE query_id = '${id}' LIMIT 10;`,
      { kind: "show-proxied-queries", supportedOnly: true, queryId: id, limit: 10 },
    ],
    ["EXPLAIN LAST STATEMENT", { kind: "explain-last-statement" }],
    ["EXPLAIN CACHES", { kind: "explain-caches" }],
    [
      "EXPLAIN CREATE DEEP CACHE FROM SELECT 1",
      { kind: "explain-create-cache", source: { kind: "select", select: "SELECT 1" } },
    ],
    ["SHOW FRESHET STATUS", { kind: "show-status" }],
    ["SHOW READYSET STATUS;", { kind: "show-status" }],
    ["SHOW FRESHET TABLES", { kind: "show-tables", all: false }],
    ["SHOW READYSET ALL TABLES", { kind: "show-tables", all: true }],
    ["SHOW FRESHET VERSION", { kind: "show-version" }],
    ["SHOW FRESHET MIGRATION STATUS 12", { kind: "show-migration-status", id: "12" }],
    ["SHOW CONNECTIONS", { kind: "show-connections" }],
    ["SHOW FRESHET ADAPTERS", { kind: "show-adapters" }],
    ["show readyset servers;", { kind: "show-servers" }],
    ["ALTER FRESHET ENTER MAINTENANCE MODE", { kind: "set-maintenance", on: true }],
    ["alter readyset exit maintenance mode;", { kind: "set-maintenance", on: false }],
    ["ALTER FRESHET RESNAPSHOT TABLE s.t", { kind: "resnapshot-table", table: "s.t" }],
    ["ALTER FRESHET ADD TABLES s.T", { kind: "add-tables", tables: ["s.t"] }],
    [
      'ALTER READYSET ADD TABLES "S".* , t, a."b.""C" , *.*;',
      { kind: "add-tables", tables: ["S.*", "t", 'a.b."C', "*.*"] },
    ],
    ["alter freshet drop tables a.b,c.*", { kind: "drop-tables", tables: ["a.b", "c.*"] }],
  ])("%s", (text, expected) => {
    expect(statement(text)).toEqual(expected);
  });

  test.each([
    "SHOW FRESHET",
    "SHOW CACHES WHERE",
    "SHOW PROXIED",
    "DROP ALL",
    "ALTER READYSET X",
    "ALTER FRESHET ENTER",
    "ALTER FRESHET EXIT MAINTENANCE MODE now",
    "SHOW FRESHET SERVERS x",
    "ALTER FRESHET ADD TABLES",
    "ALTER FRESHET ADD TABLES s.",
    "ALTER FRESHET ADD TABLES *",
    "ALTER FRESHET ADD TABLES *.t",
    "ALTER FRESHET ADD TABLES a.b.c",
    "ALTER FRESHET DROP TABLES a b",
    "ALTER FRESHET ADD TABLE a.b",
  ])("%s is an error", (text) => {
    expect(parseCacheStatement(text).kind).toBe("error");
  });
});

describe("in MySQL", () => {
  const settings = mysqlLexerSettings([]);
  test.each<[string, object]>([
    [
      "CREATE CACHE `my``c` FROM SELECT `a` FROM t # tail",
      {
        kind: "create-cache",
        name: "my`c",
        source: { kind: "select", select: "SELECT `a` FROM t" },
      },
    ],
    ["DROP CACHE IF EXISTS Top", { kind: "drop-cache", name: "Top", ifExists: true }],
    ['show caches where query_id = "q_1"', { kind: "show-caches", queryId: "q_1" }],
    ["Alter ReadySet Enter Maintenance Mode", { kind: "set-maintenance", on: true }],
    ["show freshet Adapters # all", { kind: "show-adapters" }],
    ["SHOW READYSET SERVERS", { kind: "show-servers" }],
    ["-- c\nSHOW CACHES;", { kind: "show-caches", queryId: null }],
    ["alter freshet resnapshot table `Db`.T", { kind: "resnapshot-table", table: "Db.T" }],
    [
      "Alter ReadySet Add Tables `My Db`.*, Db.T, `a``b`.`c`, *.* # these",
      { kind: "add-tables", tables: ["My Db.*", "Db.T", "a`b.c", "*.*"] },
    ],
    ["alter freshet drop tables db.*", { kind: "drop-tables", tables: ["db.*"] }],
  ])("%s", (text, expected) => {
    expect(parseMysqlCacheStatement(text, settings)).toMatchObject({ statement: expected });
  });

  test.each([
    "create table cache (a int)",
    "show tables",
    "show create table t",
    "drop table cache",
    "explain select 1",
    "/*! show caches */",
  ])("%s is not ours", (text) => {
    expect(parseMysqlCacheStatement(text, settings)).toEqual({ kind: "not-ours" });
  });

  test("by ANSI_QUOTES", () => {
    const ansi = mysqlLexerSettings(["ANSI_QUOTES"]);
    expect(parseMysqlCacheStatement('drop cache "x y"', ansi)).toMatchObject({
      statement: { name: "x y" },
    });
    expect(parseMysqlCacheStatement('drop cache "x y"', settings)).toMatchObject({ kind: "error" });
  });
});
