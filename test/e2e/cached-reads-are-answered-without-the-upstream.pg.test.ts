import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, lastDestination, lastReason, query, rowsOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";

let upstream: EmbeddedPostgres;
let freshet: FreshetProcess;
const CACHED = /^freshet(\(item_by_id\))?$/;

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start();
  await query(
    upstream.url(),
    "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(9,2))",
    "INSERT INTO item SELECT n, 'item ' || n, n * 1.25 FROM generate_series(1, 500) n",
  );
  freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment: "hits" });
  await query(
    freshet.url(),
    "CREATE CACHE item_by_id FROM SELECT id, name, price FROM item WHERE id = $1",
  );
});

afterAll(async () => {
  await freshet?.dispose();
  await upstream?.stop();
});

async function upstreamConnections(application: string): Promise<number> {
  const [row] = await query(
    upstream.url(),
    `SELECT count(*) FROM pg_stat_activity WHERE application_name = '${application}'`,
  );
  return Number(row?.["count"]);
}

it("fills at the first use, and answers from memory from then on", async () => {
  const client = await connect(freshet.url());
  const text = "SELECT id, name, price FROM item WHERE id = 7";
  const expected = [{ id: "7", name: "item 7", price: "8.75" }];
  expect(await rowsOf(client, text)).toEqual(expected);
  await eventually(async () => {
    expect(await rowsOf(client, text)).toEqual(expected);
    expect(await lastDestination(client), await lastReason(client)).toMatch(CACHED);
  });
  const before = await freshet.metric("freshet_hits_total", "item_by_id");
  for (let count = 0; count < 10; count += 1) {
    expect(await rowsOf(client, text)).toEqual(expected);
    expect(await rowsOf(client, "SELECT id, name, price FROM item WHERE id = $1", [7])).toEqual(
      expected,
    );
    expect(await lastDestination(client)).toMatch(CACHED);
  }
  expect(await freshet.metric("freshet_hits_total", "item_by_id")).toBe(before + 20);
  await client.end();
});

it("opens no upstream connection for a client that only hits", async () => {
  // The first clients of each thread are needed to learn what the server says at startup.
  for (let count = 0; count < 16; count += 1) {
    const first = await connect(freshet.url(), { application_name: "only-hits" });
    await rowsOf(first, "SELECT id, name, price FROM item WHERE id = 7");
    await first.end();
  }
  await eventually(async () => expect(await upstreamConnections("only-hits")).toBe(0));
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => connect(freshet.url(), { application_name: "only-hits" })),
  );
  for (const client of clients) {
    const rows = await rowsOf(client, "SELECT id, name, price FROM item WHERE id = 7");
    expect(rows).toHaveLength(1);
    expect(await lastDestination(client)).toMatch(CACHED);
  }
  expect(await upstreamConnections("only-hits")).toBe(0);
  expect(await rowsOf(clients[0]!, "SELECT 2 AS two")).toEqual([{ two: "2" }]);
  expect(await upstreamConnections("only-hits")).toBe(1);
  await Promise.all(clients.map((client) => client.end()));
});

it("has the new answer after a change made directly in the database", async () => {
  const client = await connect(freshet.url());
  const direct = await connect(upstream.url());
  const text = "SELECT id, name, price FROM item WHERE id = 9";
  const changes = [
    "UPDATE item SET name = 'nine' WHERE id = 9",
    "DELETE FROM item WHERE id = 9",
    "INSERT INTO item VALUES (9, 'back', NULL)",
    "UPDATE item SET id = 9000 WHERE id = 9",
    "UPDATE item SET id = 9 WHERE id = 9000",
  ];
  await rowsOf(client, text);
  for (const change of changes) {
    await direct.query(change);
    const expected = await rowsOf(direct, text);
    await eventually(async () => {
      expect(await rowsOf(client, text)).toEqual(expected);
      expect(await lastDestination(client)).toMatch(CACHED);
    });
    expect(await rowsOf(client, text)).toEqual(expected);
  }
  await Promise.all([client.end(), direct.end()]);
});

it("lets a session see its own writes at once", async () => {
  const client = await connect(freshet.url());
  const text = "SELECT id, name, price FROM item WHERE id = 11";
  for (let round = 0; round < 20; round += 1) {
    await client.query("UPDATE item SET name = $1 WHERE id = 11", [`mine ${round}`]);
    expect((await rowsOf(client, text))[0]?.["name"]).toBe(`mine ${round}`);
  }
  await client.end();
});
