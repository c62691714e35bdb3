import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import type { Socket } from "node:net";
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, query, rowsOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";

/** FRESHET_CHAOS_CLIENTS=5000 by hand. Half of them vanish without a word, mid-statement. */
const clientCount = Number(process.env["FRESHET_CHAOS_CLIENTS"] ?? 1000);
/** Of those that vanish, this many while the upstream works for them. */
const UPSTREAM_CLIENTS = 60;
let upstream: EmbeddedPostgres;
let freshet: FreshetProcess;

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start({ settings: { max_connections: "300" } });
  await query(
    upstream.url(),
    "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL)",
    "INSERT INTO item SELECT n, repeat('item ' || n, 20) FROM generate_series(1, 1000) n",
  );
  freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment: "thousand" });
  await query(freshet.url(), "CREATE CACHE item_by_id FROM SELECT * FROM item WHERE id = $1");
});

afterAll(async () => {
  await freshet?.dispose();
  await upstream?.stop();
});

async function upstreamSessions(): Promise<number> {
  const [row] = await query(
    upstream.url(),
    `SELECT count(*) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
  return Number(row?.["count"]);
}

async function readItem(client: pg.Client, id: number): Promise<void> {
  const rows = await rowsOf(client, "SELECT * FROM item WHERE id = $1", [id]);
  expect(rows).toEqual([{ id: String(id), name: `item ${id}`.repeat(20) }]);
}

function vanish(client: pg.Client): void {
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
}

it(`${clientCount} clients at once; half of them vanish and nobody notices`, async () => {
  for (let id = 1; id <= 1000; id += 1) {
    if (id % 100 === 1) await query(freshet.url(), `SELECT * FROM item WHERE id = ${id}`);
  }
  await eventually(async () => expect(await freshet.metric("freshet_client_connections")).toBe(0));
  const before = {
    sessions: await upstreamSessions(),
    files: await freshet.openFiles(),
    bytes: await freshet.residentBytes(),
  };

  const bystander = await connect(freshet.url());
  let watching = true;
  let slowestMs = 0;
  const watch = (async () => {
    while (watching) {
      const startedMs = performance.now();
      await readItem(bystander, 1);
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    }
  })();

  const startedMs = performance.now();
  const clients = await Promise.all(
    Array.from({ length: clientCount }, async (_, number) => {
      const client = await connect(freshet.url(), { connectionTimeoutMillis: 0 });
      await readItem(client, 1 + (number % 1000));
      return client;
    }),
  );
  const connectedMs = performance.now() - startedMs;
  expect(await freshet.metric("freshet_client_connections")).toBe(clientCount + 1);
  const busyBytes = await freshet.residentBytes();

  const leaving = clients.filter((_, number) => number % 2 === 0);
  const staying = clients.filter((_, number) => number % 2 === 1);
  const lost: Promise<unknown>[] = [];
  for (const [number, client] of leaving.entries()) {
    const text =
      number < UPSTREAM_CLIENTS
        ? number % 2 === 0
          ? "SELECT pg_sleep(5) AS forgotten"
          : "SELECT repeat('x', 1000) AS forgotten FROM generate_series(1, 1000000)"
        : `SELECT * FROM item WHERE id = ${1 + (number % 1000)}`;
    lost.push(client.query(text).catch(() => undefined));
  }
  // As with the database itself, what was sent is still run: it ends when it is done.
  await eventually(async () => {
    const active =
      "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%forgotten%'";
    expect((await query(upstream.url(), active)).length).toBeGreaterThan(UPSTREAM_CLIENTS / 2);
  }, 20_000);
  for (const client of leaving) vanish(client);
  await Promise.all([
    ...staying.map((client, number) => readItem(client, 1 + (number % 1000))),
    ...lost,
  ]);
  await eventually(
    async () => expect(await freshet.metric("freshet_client_connections")).toBe(staying.length + 1),
    20_000,
  );
  for (const [number, client] of staying.entries()) await readItem(client, 1000 - (number % 1000));
  await Promise.all(staying.map((client) => client.end()));
  watching = false;
  await watch;
  await bystander.end();

  await eventually(async () => {
    expect(await freshet.metric("freshet_client_connections")).toBe(0);
    const left = "SELECT state, query FROM pg_stat_activity WHERE query LIKE '%AS forgotten%'";
    expect(await query(upstream.url(), `${left} AND pid <> pg_backend_pid()`)).toEqual([]);
    // The engine's own may come and go by a few.
    expect(await upstreamSessions()).toBeLessThanOrEqual(before.sessions + 2);
    expect(await freshet.openFiles()).toBeLessThanOrEqual(before.files + 5);
  }, 20_000);
  const afterBytes = await freshet.residentBytes();
  const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
  console.log(
    `${clientCount} clients connected and answered in ${Math.round(connectedMs)} ms; ` +
      `resident ${megabytes(before.bytes)} before, ${megabytes(busyBytes)} with them, ` +
      `${megabytes(afterBytes)} after; slowest answer of the bystander ${Math.round(slowestMs)} ms`,
  );
  expect(afterBytes - before.bytes).toBeLessThan(256 << 20);
}, 180_000);
