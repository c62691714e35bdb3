import { loadPostgresParser, Unsupported } from "@freshet/sql";
import { beforeAll, describe, expect, test } from "vitest";
import { Poisoned } from "./contract.ts";
import { MemorySnapshot } from "./testing/memory-snapshot.ts";
import { compileText, decodeRows, ownParams } from "./testing/query-harness.ts";
import { sampleCatalog, sqlType, TABLES } from "./testing/sample-tables.ts";

beforeAll(() => loadPostgresParser());

function params(sql: string): string[] {
  return compileText(sql).query.params.map(
    (spec) => `${spec.label} ${spec.type.name}${spec.list ? "[]" : ""} ${spec.role}`,
  );
}

describe("slots", () => {
  test("literals beside columns in conjuncts become parameters of the column's type", () => {
    expect(params("select id from title where year = 5 and votes > 3 and name = 'x'")).toEqual([
      "year = int2 comparison",
      "votes > int8 comparison",
      "name = text comparison",
    ]);
  });

  test("lists, bounds, LIMIT and OFFSET become parameters", () => {
    expect(
      params("select id from title where id in (1, 2) and price between 1 and 2 limit 3 offset 4"),
    ).toEqual([
      "id IN int4[] comparison",
      "price >= numeric comparison",
      "price <= numeric comparison",
      "LIMIT int8 limit",
      "OFFSET int8 offset",
    ]);
  });

  test("literals elsewhere must be as written", () => {
    const { query } = compileText("select id + 1 from title where id = 2 or id = 3 order by 1");
    expect(query.params).toEqual([]);
    expect(query.slots.map((slot) => (slot.kind === "frozen" ? slot.value : ""))).toEqual([
      "1",
      "2",
      "3",
      "1",
    ]);
  });

  test("a literal stays as written where a placeholder would compare in another type", () => {
    const table = {
      ...TABLES[0]!,
      columns: TABLES[0]!.columns.map((column) =>
        column.name === "year" ? { ...column, type: sqlType("float4") } : column,
      ),
    };
    const catalog = { ...sampleCatalog, table: () => table };
    const text = "select id from title where year = 0.1 and id = 1.0";
    const { query } = compileText(text, catalog);
    expect(query.params).toEqual([]);
    const list = "select id from title where year in (0.1, 0.5)";
    expect(() => compileText(list, catalog)).toThrow(/IN list/);
  });

  test("a literal cannot be a parameter in one place and fixed in another", () => {
    const sql =
      "with m as (select id from title where year = 2000) select 1 as x from m a left join m b on a.id = b.id";
    expect(() => compileText(sql)).toThrow(/fixed in another/);
  });

  test("a string literal in a parameter's place need not be in its type's plain form", () => {
    const timed = params("select id from rating where seen between '2024-01-01 00:00' and 'today'");
    expect(timed).toEqual(["seen >= timestamp comparison", "seen <= timestamp comparison"]);
    expect(params("select id from title where released in ('1/2/2000', '2000-01-01')")).toEqual([
      "released IN date[] comparison",
    ]);
    expect(() => compileText("select released = '1/2/2000' from title")).toThrow(/plain form/);
  });

  test("the elements of a literal array stay as written", () => {
    const { query } = compileText("select id from title where id = any (array[1, 2])");
    expect(query.params).toEqual([]);
    expect(query.slots.map((slot) => slot.kind)).toEqual(["frozen", "frozen"]);
  });

  test("a bytewise collation fixes the order where the column's own does not", () => {
    const total = (sql: string): boolean => compileText(sql).query.totalOrder;
    expect(total('select kind from title order by kind collate "C"')).toBe(true);
    expect(total('select kind, id from title order by kind collate "C"')).toBe(false);
  });

  test("one placeholder may stand beside columns of several integer types", () => {
    expect(params("select id from title where year = $1 and votes > $1")).toHaveLength(2);
  });
});

describe("refusals say what it is", () => {
  test.each([
    ["select sum(height) from person", /order of addition/],
    ["select id from title order by kind", /does not sort by bytes/],
    ["select max(kind) from title", /does not sort by bytes/],
    ["select upper(name) from title", /locale/],
    ["select id from title where kind > 'a'", /does not sort by bytes/],
    ["select * from title full join rating on rating.title_id = title.id", /FULL JOIN/],
    ["select $1", /type is not known/],
    ["select id from title order by $1", /ORDER BY/],
    ["select random()", /random/],
    ["select string_agg(name, ',') from title", /string_agg/],
    ["select id from missing", /does not exist/],
    ["select id from title where id = 1 / 0", /division by zero/],
    ["select name, count(*) from title group by kind", /GROUP BY/],
    ["select id from title where kind = null", /IS NULL/],
    ["select id from title where name like 'a' escape 'xy'", /invalid escape/],
    ["select id from title where name like $1 escape '!'", /ESCAPE/],
    ["select id from title where name < 'a' collate \"C\"", /COLLATE of a literal/],
    ['select id from title order by name collate "en_US"', /COLLATE en_US/],
    ['select id from title order by id collate "C"', /COLLATE of int4/],
    ['select id from title where kind collate "C" > kind || kind', /does not sort by bytes/],
    ["select id from title where id = any (array[$1, 2])", /anything but literals/],
    ["select id from title where released = any (array['2000-01-01'])", /date and text/],
    ["select array[1]", /ARRAY/],
    ["select * from title join (select score as price from title) u using (price)", /two types/],
  ])("%s", (sql, reason) => {
    expect(() => compileText(sql)).toThrow(Unsupported);
    expect(() => compileText(sql)).toThrow(reason);
  });
});

describe("what the user overloads", () => {
  const refused = (kind: string, name: string) => ({
    ...sampleCatalog,
    overload: (...asked: readonly string[]) =>
      asked[0] === kind && asked[1] === name ? "overloaded" : null,
  });

  test.each([
    ["function", "length", "select length(name) from title"],
    ["function", "max", "select max(name) from title"],
    ["operator", "=", "select id from title where kind = 'a'"],
    ["operator", "=", "select id from title where kind in ('a')"],
    ["operator", "=", "select case kind when 'a' then 1 end from title"],
    ["operator", "=", "select nullif(kind, 'a') from title"],
    ["operator", "=", "select a.id from title a join title b using (id)"],
    ["operator", "=", "select id from title where id = any($1)"],
    ["operator", "<>", "select id from title where id not in (1)"],
    ["operator", "<=", "select id from title where id between 1 and 2"],
    ["operator", "~~", "select id from title where name like 'a%'"],
    ["operator", "||", "select name || id from title"],
    ["operator", "-", "select -id from title"],
    ["cast", "23>25", "select id::text from title"],
  ])("%s %s: %s", (kind, name, sql) => {
    expect(() => compileText(sql)).not.toThrow();
    expect(() => compileText(sql, refused(kind, name))).toThrow("overloaded");
  });

  test("a name of pg_catalog means the built-in", () => {
    const sql = "select pg_catalog.length(name) from title";
    expect(() => compileText(sql, refused("function", "length"))).not.toThrow();
  });
});

describe("fill", () => {
  const empty = MemorySnapshot.of(TABLES.map((schema) => ({ schema, rows: [] })));
  const limits = { rowsPerEntry: 10, bytesPerEntry: 1000, entries: 1 };

  test("an aggregate without GROUP BY gives one row for no input", () => {
    const compiled = compileText("select count(*), sum(id), max(name) from title");
    const rows = compiled.query.open(limits).fill("", [], empty);
    expect(decodeRows(rows, 3)).toEqual([["0", null, null]]);
  });

  test("a negative LIMIT is the upstream's to refuse; NULL is no limit", () => {
    const { query } = compileText("select id from title limit $1");
    const set = query.open(limits);
    expect(() => set.fill("a", ["-1"], empty)).toThrow(Poisoned);
    expect(set.fill("b", [null], empty).count).toBe(0);
  });

  test("more keys or rows than the limits allow are refused", () => {
    const compiled = compileText("select k from log where k > 0");
    const log = TABLES.find((table) => table.name === "log")!;
    const rows = Array.from({ length: 20 }, () => [1, "p"]);
    const snapshot = MemorySnapshot.of([{ schema: log, rows }]);
    const set = compiled.query.open(limits);
    expect(() => set.fill("0", ownParams(compiled), snapshot)).toThrow(/more than 10 rows/);
    set.fill("5", ["5"], snapshot);
    expect(() => set.fill("6", ["6"], snapshot)).toThrow(/more than 1 keys/);
    expect(set.size).toBe(1);
  });
});
