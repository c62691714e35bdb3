import { loadMysqlParser } from "@freshet/sql";
import type { TableSchema } from "@freshet/types";
import { beforeAll, describe, expect, test } from "vitest";
import type { Catalog } from "./contract.ts";
import { mysqlSameResultType } from "./dialects/mysql/same-result-type.ts";
import { mysqlTested } from "./testing/mysql-harness.ts";
import { compileText } from "./testing/query-harness.ts";
import type { CompiledText } from "./testing/query-harness.ts";

const tested = mysqlTested("mysql");

beforeAll(() => loadMysqlParser());

function compile(sql: string, catalog: Catalog | null = null): CompiledText {
  return compileText(sql, catalog, tested);
}

/** The parameters' types and places. */
function params(sql: string): string[] {
  return compile(sql).query.params.map(({ type, label, list }) => {
    const name = `${type.name}${type.unsigned === true ? " unsigned" : ""}`;
    return `${label} ${name}${list ? " list" : ""}`;
  });
}

function names(sql: string, catalog: Catalog | null = null): string[] {
  return compile(sql, catalog).query.columns.map((column) => column.name);
}

describe("parameters", () => {
  test.each([
    ["select id from title where id = ?", ["id = int"]],
    ["select id from title where id = 5 limit 3", ["id = int", "LIMIT bigint unsigned unsigned"]],
    ["select id from title where total >= 5", ["total >= bigint unsigned"]],
    ["select id from title where name in ('a', 'b')", ["name IN varchar list"]],
    ["select id from title where kind = 'movie'", ["kind = enum"]],
    ["select id from title where released > '2020-01-01'", ["released > date"]],
    ["select id from rating where seen < ?", ["seen < datetime"]],
    ["select id from rating where made = 1999", ["made = year unsigned"]],
    ["select id from person where mass > 1.5", ["mass > double"]],
    // Beyond the column's type, or compared in another: as written.
    ["select id from title where id = 1.5", []],
    ["select id from person where flags = 5", []],
  ])("%s", (sql, expected) => expect(params(sql)).toEqual(expected));

  test.each([
    ["select id from person where flags = ?", /type bit/],
    ["select id from rating where ts = ?", /TIMESTAMP/],
    ["select id + ? from title", /a parameter/],
    ["select id from title where ? = ?", /two literals/],
    ["select id from title where name like 'a\\\\%'", /backslash/],
  ])("refused: %s", (sql, reason) => expect(() => compile(sql)).toThrow(reason));
});

describe("names", () => {
  test("columns and aliases are compared without regard to case", () => {
    expect(() => compile("select T.ID from title T where t.id = 1")).toThrow(/not in FROM/);
    expect(() => compile("select ID as Total from title t order by TOTAL")).not.toThrow();
  });

  test("HAVING sees aliases; one that also is a column is refused", () => {
    const of = (alias: string): string =>
      `select year as y, count(*) as ${alias} from title group by y having ${alias} > 1`;
    expect(() => compile(of("n"))).not.toThrow();
    expect(() => compile(of("votes"))).toThrow(/ambiguous/);
    expect(() => compile("select id from title having id > 1")).toThrow(/HAVING/);
  });

  test("USING columns come in the order of the left table", () => {
    const sql = "select * from credit a join credit b using (person_id, title_id)";
    expect(names(sql)).toEqual(["title_id", "person_id", "role", "role"]);
    expect(() => compile("select * from credit a right join credit b using (role)")).toThrow(
      /RIGHT JOIN/,
    );
  });

  test("an invisible column is not in *, nor in NATURAL joins, but has its name", () => {
    const [title] = tested.tables as [TableSchema];
    const columns = title.columns.map((column) => ({ ...column, hidden: column.name === "votes" }));
    const catalog: Catalog = { ...tested.catalog, table: () => ({ ...title, columns }) };
    expect(names("select * from title", catalog)).not.toContain("votes");
    expect(names("select votes from title", catalog)).toEqual(["votes"]);
  });
});

test("one order of all rows is not fixed by texts that may be equal", () => {
  const total = (sql: string): boolean => compile(sql).query.totalOrder;
  expect(total("select id, name from title order by id")).toBe(true);
  expect(total("select name from title order by name")).toBe(false);
  expect(total("select name, count(*) from title group by name order by name")).toBe(true);
  expect(total("select released from title order by released")).toBe(true);
});

test("result types agree up to what prints alike", () => {
  const type = (sql: string) => compile(sql).query.columns[0]!.type;
  const count = type("select count(*) from title");
  const average = type("select avg(price) from title");
  expect(mysqlSameResultType(count, { ...count, upstreamId: 3 })).toBe(true);
  expect(mysqlSameResultType(count, { ...count, unsigned: true })).toBe(false);
  expect(mysqlSameResultType(average, { ...average, modifier: (20 << 8) | 6 })).toBe(true);
  expect(mysqlSameResultType(average, { ...average, modifier: (20 << 8) | 4 })).toBe(false);
  expect(mysqlSameResultType(type("select name from title"), count)).toBe(false);
});
