import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, lastDestination, query, rowsOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { ContinuousReader } from "./continuous-reader.ts";

/**
 * The database goes away, crashes, loses the slot. Each time: no wrong answer meanwhile, errors
 * as a direct client would see them, and back to cached answers without anybody's help.
 */

let upstream: EmbeddedPostgres;
let freshet: FreshetProcess;
const TEXT = "SELECT n FROM counter WHERE id = 1";

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start();
  await query(
    upstream.url(),
    "CREATE TABLE counter (id int PRIMARY KEY, n int)",
    "INSERT INTO counter VALUES (1, 0), (2, 0)",
  );
  freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment: "trouble" });
  await query(freshet.url(), `CREATE CACHE counter_by_id FROM ${TEXT}`);
  await cachedValue(0);
});

afterAll(async () => {
  await freshet?.dispose();
  await upstream?.stop();
});

/** Set at the database itself. */
async function write(n: number): Promise<void> {
  await query(upstream.url(), `UPDATE counter SET n = ${n} WHERE id = 1`);
}

/** Waits until the cache answers; its answer must be right as soon as it is the cache's. */
async function cachedValue(n: number): Promise<void> {
  await eventually(async () => {
    const client = await connect(freshet.url());
    try {
      await rowsOf(client, TEXT);
      const [row] = await rowsOf(client, TEXT);
      expect(await lastDestination(client)).toMatch(/^freshet/);
      expect(row).toEqual({ n: String(n) });
    } finally {
      await client.end();
    }
  }, 30_000);
}

for (const how of ["restarted", "killed"] as const) {
  it(`the database is ${how} while clients read`, async () => {
    const start = how === "restarted" ? 100 : 200;
    await write(start);
    await cachedValue(start);
    const reader = new ContinuousReader(freshet.url(), TEXT);
    const idle = await connect(freshet.url());
    await idle.query("SELECT 1");
    if (how === "killed") await upstream.kill();
    await upstream.restart();
    await write(start + 1);
    await cachedValue(start + 1);
    await reader.stop();
    // Never backwards: once the new value was seen, the old one is stale.
    expect(reader.values).toEqual([...reader.values].sort((left, right) => left - right));
    // What a direct client gets: terminated by an administrator or a crash, not accepting yet,
    // or no connection at all; "encountered": its library was told between two queries.
    for (const code of new Set(reader.errors)) {
      expect(code).toMatch(
        /^(57P0[1-3]|08006|08001|Error: Connection terminated|Error: Client has encountered)/,
      );
    }
    await expect(idle.query("SELECT 1")).rejects.toThrow();
    expect(freshet.running).toBe(true);
  });
}

it("no cached answer is given while changes cannot arrive", async () => {
  await write(300);
  await cachedValue(300);
  const [row] = await query(
    upstream.url(),
    "SELECT active_pid FROM pg_replication_slots WHERE active_pid IS NOT NULL",
  );
  const direct = await connect(upstream.url());
  const client = await connect(freshet.url());
  await rowsOf(client, TEXT);
  // The sender is stopped, not ended: connections stand, but nothing comes.
  process.kill(Number(row?.["active_pid"]), "SIGSTOP");
  try {
    await write(301);
    const startedMs = performance.now();
    await eventually(async () => {
      expect(await rowsOf(client, TEXT)).toEqual([{ n: "301" }]);
    }, 60_000);
    const staleSeconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`a silent stream was noticed after ${staleSeconds} s`);
    expect(await lastDestination(client)).toBe("upstream");
  } finally {
    process.kill(Number(row?.["active_pid"]), "SIGCONT");
  }
  await cachedValue(301);
  await Promise.all([direct.end(), client.end()]);
}, 120_000);

it("a lost slot is said loudly, and the tables are copied again", async () => {
  await write(400);
  await cachedValue(400);
  const mark = freshet.log.length;
  const client = await connect(upstream.url());
  const [slot] = await rowsOf(client, "SELECT slot_name, active_pid FROM pg_replication_slots");
  // The walsender reconnects at once: whoever is first, the slot must be gone in the end.
  await eventually(async () => {
    await client.query("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots");
    await client.query("SELECT pg_drop_replication_slot($1)", [slot?.["slot_name"]]);
  }, 30_000);
  await client.query("UPDATE counter SET n = 401 WHERE id = 1");
  await client.end();
  await cachedValue(401);
  expect(freshet.logged(/copying again|copy/, mark).map(({ level }) => level)).toContain("warn");
  expect(freshet.logged("table copied", mark)).toHaveLength(1);
});

it("another history is never continued", async () => {
  await write(500);
  await cachedValue(500);
  freshet.signal("SIGTERM");
  expect(await freshet.exit).toBe(0);
  const mark = freshet.log.length;
  await query(
    upstream.url(),
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots",
  );
  await write(501);
  freshet.restart();
  await freshet.following();
  await cachedValue(501);
  await write(502);
  await cachedValue(502);
  expect(freshet.logged("table copied", mark)).toHaveLength(1);
});

it("the database is away at start: waits, says so, and begins when it is there", async () => {
  freshet.signal("SIGTERM");
  await freshet.exit;
  const mark = freshet.log.length;
  await upstream.kill();
  freshet.restart();
  await freshet.until(
    async () => Promise.resolve(freshet.logged(/^waiting for the upstream/, mark).length > 0),
    20_000,
  );
  expect((await freshet.health("live")).status).toBe(200);
  expect((await freshet.health("ready")).status).toBe(503);
  await upstream.restart();
  await write(600);
  await freshet.following(60_000);
  await cachedValue(600);
});
