import { loadMysqlParser } from "@freshet/sql";
import { beforeAll, expect, test } from "vitest";
import { keep } from "./testing/keep.ts";
import { mysqlTested } from "./testing/mysql-harness.ts";
import { randomMysqlQuery } from "./testing/random-mysql-query.ts";
import { seededRandom } from "./testing/seeded-random.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260902);
const ROUNDS = Number(process.env["FRESHET_TEST_ROUNDS"] ?? 1000);
const tested = mysqlTested("mysql");

beforeAll(() => loadMysqlParser());

test.each(["recompute", "incremental", "auto"] as const)(
  `%s: every key equals a fresh fill after every commit (seed ${SEED})`,
  (strategy) => {
    const random = seededRandom(SEED);
    const wrong: string[] = [];
    for (let round = 0; round < ROUNDS && wrong.length < 3; round += 1) {
      const found = keep(tested, randomMysqlQuery(random), strategy, random);
      if (found !== null) wrong.push(found);
    }
    expect(wrong.join("\n\n")).toBe("");
  },
);

/** Texts under a collation as keys of groups, of joins and of parameters; unsigned keys; dates. */
const QUERIES: readonly string[] = [
  "select name, count(*), max(id) from title group by name",
  "select t.id, g.word from title t left join tag g on g.word = t.name",
  "select id, name from title where name = 'a'",
  "select id, name from title where name in ('a', 'b') order by name, id limit 3",
  "select min(name), max(name) from title where active = 1",
  "select count(distinct name) from title where name > 'a'",
  "select distinct name from title",
  "select g.word, count(*), sum(t.price) from tag g join title t on t.name = g.word group by g.word",
  "select id from title where total = 18446744073709551615",
  "select p.id, t.id from person p join title t on t.total = p.id where t.votes > 0",
  "select p.id, t.id from person p join title t on t.votes = p.id",
  "select released, count(*), avg(price) from title where released >= '2000-01-01' group by released",
  "select id, seen from rating where seen = '2024-01-01 00:00:00' order by id",
  "select kind, count(*) from title where kind = 'movie' group by kind",
  "select d.n, t.name from (select name, count(*) n from title group by name) d join title t on t.name = d.name",
];

test.each(QUERIES)("%s", (sql) => {
  const random = seededRandom(SEED);
  for (const strategy of ["recompute", "incremental", "auto"] as const) {
    for (let round = 0; round < 60; round += 1) {
      expect(keep(tested, sql, strategy, random)).toBeNull();
    }
  }
});
