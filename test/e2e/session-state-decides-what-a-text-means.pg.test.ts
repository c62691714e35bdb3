import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lastDestination, lastReason, outcome, query } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { Lockstep } from "../support/lockstep.ts";

/**
 * The same text means something else after SET search_path, SET ROLE, a temporary table; and a
 * privilege may be gone. Every answer is compared with the database's own, in the same session
 * state, and the caches must be in use before and after, or nothing would be tested.
 */

let upstream: EmbeddedPostgres;
let freshet: FreshetProcess;
let step: Lockstep;
const TEXT = "SELECT id, name FROM item WHERE id = 1";

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start();
  await query(
    upstream.url(),
    "CREATE TABLE item (id int PRIMARY KEY, name text)",
    "INSERT INTO item VALUES (1, 'public one'), (2, 'public two')",
    "CREATE SCHEMA other",
    "CREATE TABLE other.item (id int PRIMARY KEY, name text)",
    "INSERT INTO other.item VALUES (1, 'other one')",
    "CREATE ROLE reader LOGIN PASSWORD 'reader'",
    "CREATE ROLE stranger",
    "GRANT SELECT ON item TO reader",
    "GRANT reader TO postgres",
  );
  freshet = await FreshetProcess.start({
    upstreamUrl: upstream.url(),
    deployment: "meaning",
    args: ["--allowed-users", "postgres:postgres,reader:reader"],
  });
  await query(freshet.url(), `CREATE CACHE item_by_id FROM ${TEXT}`);
  step = await Lockstep.connect(upstream.url(), freshet.url());
  await cached();
});

afterAll(async () => {
  await step?.end();
  await freshet?.dispose();
  await upstream?.stop();
});

/** The text is answered from the cache, and rightly. */
async function cached(on: Lockstep = step): Promise<void> {
  await eventually(async () => {
    await on.same(TEXT);
    expect(await lastReason(on.proxied), freshet.said).toMatch(/^freshet/);
  });
}

async function forwarded(on: Lockstep = step): Promise<void> {
  for (let count = 0; count < 3; count += 1) {
    await on.same(TEXT);
    expect(await lastDestination(on.proxied)).toBe("upstream");
  }
}

async function sameManyTimes(): Promise<void> {
  for (let count = 0; count < 5; count += 1) await step.same(TEXT);
}

it("never answers from the wrong schema's table", async () => {
  await step.same("SET search_path = other, public");
  await sameManyTimes();
  await step.same("RESET search_path");
  await cached();
  await step.sameForAll("BEGIN", "SET LOCAL search_path = other", TEXT, "ROLLBACK", TEXT);
  await cached();
  await step.same("SELECT set_config('search_path', 'other', false)");
  await sameManyTimes();
  await step.same("DISCARD ALL");
  await cached();
});

it("keeps the caches of two schemas apart", async () => {
  await query(freshet.url(), "SET search_path = other", `CREATE CACHE other_item FROM ${TEXT}`);
  await step.same("SET search_path = other");
  await cached();
  await step.same("SET search_path = public");
  await cached();
  await step.same("SET search_path = other");
  await cached();
  await query(upstream.url(), "UPDATE other.item SET name = 'other uno' WHERE id = 1");
  await eventually(() => step.same(TEXT));
  await step.same("RESET search_path");
  await cached();
});

it("forwards what a temporary table hides", async () => {
  const own = await Lockstep.connect(upstream.url(), freshet.url());
  await cached(own);
  await own.sameForAll(
    "BEGIN",
    "CREATE TEMP TABLE item ON COMMIT DROP AS SELECT 1 AS id, 'fleeting' AS name",
    TEXT,
    "COMMIT",
    TEXT,
    "CREATE TEMP TABLE item (id int, name text)",
    "INSERT INTO item VALUES (1, 'temporary one')",
  );
  await forwarded(own);
  await own.sameForAll("DROP TABLE pg_temp.item", TEXT, "DISCARD ALL", TEXT);
  await own.end();
});

it("asks for the privileges of the current role", async () => {
  await step.same("SET ROLE reader");
  await cached();
  await step.same("SET ROLE stranger");
  await sameManyTimes();
  expect(await outcome(step.proxied, TEXT)).toBe("42501: permission denied for table item");
  await step.same("RESET ROLE");
  await cached();
  await step.same("SET SESSION AUTHORIZATION stranger");
  await sameManyTimes();
  await step.same("RESET SESSION AUTHORIZATION");
  await cached();
});

it("notices a privilege that is taken away, and given back", async () => {
  const reader = await Lockstep.connect(
    upstream.url("postgres", "reader", "reader"),
    freshet.url("reader", "reader"),
  );
  await cached(reader);
  await query(upstream.url(), "REVOKE SELECT ON item FROM reader");
  const startedMs = performance.now();
  await eventually(() => reader.same(TEXT));
  console.log(`REVOKE reached the caches in ${Math.round(performance.now() - startedMs)} ms`);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  for (let count = 0; count < 5; count += 1) await reader.same(TEXT);
  await query(upstream.url(), "GRANT SELECT (id) ON item TO reader");
  for (let count = 0; count < 5; count += 1) await reader.same(TEXT);
  await query(upstream.url(), "GRANT SELECT ON item TO reader");
  await cached(reader);
  await query(upstream.url(), "REVOKE USAGE ON SCHEMA public FROM PUBLIC");
  await eventually(() => reader.same(TEXT));
  await query(upstream.url(), "GRANT USAGE ON SCHEMA public TO PUBLIC");
  await cached(reader);
  await reader.end();
});

it("renders cached rows by the session's settings", async () => {
  await query(
    upstream.url(),
    "CREATE TABLE shown (id int PRIMARY KEY, at timestamptz, d date, f float8, b bytea, i interval)",
    `INSERT INTO shown VALUES (1, '2024-02-29 12:34:56.789+02', '2024-12-31', 0.1::float8 + 0.2,
      '\\x00ff41', '1 year 2 mons -3 days 04:05:06.7')`,
  );
  const text = "SELECT * FROM shown WHERE id = 1";
  await query(freshet.url(), `CREATE CACHE shown_by_id FROM ${text}`);
  const settings = [
    "SET TimeZone = 'America/St_Johns'",
    "SET TimeZone = 'Etc/GMT-3'",
    "SET TIME ZONE INTERVAL '+05:45' HOUR TO MINUTE",
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'SQL, DMY'",
    "SET DateStyle = 'German'",
    "SET IntervalStyle = 'iso_8601'",
    "SET IntervalStyle = 'sql_standard'",
    "SET extra_float_digits = 0",
    "SET extra_float_digits = -3",
    "SET bytea_output = 'escape'",
    "SET client_encoding = 'LATIN1'",
    "RESET ALL",
  ];
  const destinations: string[] = [];
  for (const setting of settings) {
    await step.sameForAll("RESET ALL", setting);
    for (let count = 0; count < 3; count += 1) {
      await step.same(text);
      destinations.push(`${setting}: ${await lastReason(step.proxied)}`);
    }
  }
  const hits = destinations.filter((line) => line.includes(": freshet"));
  expect(hits.length, destinations.join("\n")).toBeGreaterThan(15);
});

it("uses caches in a transaction until its first write, and sees that write", async () => {
  await cached();
  await step.sameForAll("BEGIN", TEXT, "UPDATE item SET name = 'changed' WHERE id = 1 AND false");
  await forwarded();
  await step.sameForAll("ROLLBACK");
  await cached();
  // One after the other: both writing the same row at once would wait for each other.
  for (const client of [step.direct, step.proxied]) {
    await client.query("BEGIN");
    await client.query("UPDATE item SET name = 'mine' WHERE id = 1");
    expect(await outcome(client, TEXT)).toEqual([{ id: "1", name: "mine" }]);
    await client.query("ROLLBACK");
  }
  await cached();
  await step.sameForAll("BEGIN ISOLATION LEVEL REPEATABLE READ", TEXT);
  await query(upstream.url(), "UPDATE item SET name = 'later' WHERE id = 1");
  await sameManyTimes();
  await step.same("COMMIT");
  await eventually(() => step.same(TEXT));
});

it("follows a schema that is created in front of the search path", async () => {
  const [row] = await query(upstream.url(), "SHOW search_path");
  expect(row?.["search_path"]).toContain("$user");
  await cached();
  await query(
    upstream.url(),
    "CREATE SCHEMA postgres",
    "CREATE TABLE postgres.item (id int PRIMARY KEY, name text)",
    "INSERT INTO postgres.item VALUES (1, 'shadow')",
  );
  await eventually(() => step.same(TEXT));
  await query(upstream.url(), "DROP SCHEMA postgres CASCADE");
  await eventually(() => step.same(TEXT));
  await cached();
});

it("forwards everything once row security is on", async () => {
  await cached();
  await query(upstream.url(), "ALTER TABLE item ENABLE ROW LEVEL SECURITY");
  const reader = await Lockstep.connect(
    upstream.url("postgres", "reader", "reader"),
    freshet.url("reader", "reader"),
  );
  await eventually(() => reader.same(TEXT));
  for (let count = 0; count < 5; count += 1) await reader.same(TEXT);
  await query(upstream.url(), "ALTER TABLE item DISABLE ROW LEVEL SECURITY");
  await eventually(() => reader.same(TEXT));
  await cached();
  await reader.end();
});
