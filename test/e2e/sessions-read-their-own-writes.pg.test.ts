import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, lastDestination, query, rowsOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { startFreshet, type TestFreshet } from "../support/freshet.ts";

let upstream: EmbeddedPostgres;
let freshet: TestFreshet;
let client: pg.Client;
const TEXT = "SELECT n FROM counter WHERE id = 1";

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start();
  await query(
    upstream.url(),
    "CREATE TABLE counter (id int PRIMARY KEY, n int)",
    "INSERT INTO counter VALUES (1, 0)",
    "CREATE SCHEMA front",
  );
  freshet = await startFreshet({ upstreamUrl: upstream.url() });
  client = await connect(freshet.url());
  await client.query(`CREATE CACHE FROM ${TEXT}`);
});

afterAll(async () => {
  await client?.end();
  await freshet?.stop();
  await upstream?.stop();
});

it("a cached read right after a write has it", async () => {
  for (let n = 1; n <= 100; n += 1) {
    await client.query(`UPDATE counter SET n = ${n} WHERE id = 1`);
    expect(await rowsOf(client, TEXT)).toEqual([{ n: `${n}` }]);
    expect(await lastDestination(client)).toMatch(/^freshet/);
  }
});

it("a table made in front of the cached one is seen at once", async () => {
  await client.query("SET search_path = front, public");
  await client.query(`CREATE CACHE FROM ${TEXT}`);
  await eventually(async () => {
    await client.query(TEXT);
    expect(await lastDestination(client)).toMatch(/^freshet/);
  });
  await client.query("CREATE TABLE counter (id int PRIMARY KEY, n int)");
  expect(await rowsOf(client, TEXT)).toEqual([]);
});
