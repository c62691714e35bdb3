import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFreshet, type TestFreshet } from "../support/freshet.ts";

let upstream: EmbeddedPostgres;
let freshet: TestFreshet;
let client: pg.Client;

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start();
  freshet = await startFreshet({ upstreamUrl: upstream.url() });
  client = new pg.Client(freshet.url());
  await client.connect();
  await client.query("CREATE TABLE t (id int PRIMARY KEY, g int)");
  await client.query("INSERT INTO t SELECT i, i % 3 FROM generate_series(1, 30) AS i");
});

afterAll(async () => {
  await client.end();
  await freshet.stop();
  await upstream.stop();
});

const countAbove = (least: number) =>
  `SELECT g, count(*) FROM t GROUP BY g HAVING count(*) > ${least} ORDER BY g`;

test("unnamed caches with other literals in HAVING stand side by side", async () => {
  for (const least of [5, 50]) await client.query(`CREATE CACHE FROM ${countAbove(least)}`);
  const names = (await client.query<{ name: string }>("SHOW CACHES")).rows.map(({ name }) => name);
  expect(new Set(names).size).toBe(2);
  for (const [least, groups] of [
    [5, 3],
    [50, 0],
  ] as const) {
    expect((await client.query(countAbove(least))).rowCount).toBe(groups);
    const last = await client.query<{ Query_destination: string }>("EXPLAIN LAST STATEMENT");
    expect(last.rows[0]?.Query_destination).toMatch(/^freshet\(/);
  }
});

test("IF NOT EXISTS skips only the very same query", async () => {
  await client.query(`CREATE CACHE IF NOT EXISTS FROM ${countAbove(50)}`);
  await client.query(`CREATE CACHE IF NOT EXISTS FROM ${countAbove(7)}`);
  expect((await client.query("SHOW CACHES")).rowCount).toBe(3);
});
