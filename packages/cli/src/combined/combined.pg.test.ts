import { createServer } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { EmbeddedPostgres, freePort } from "../demo/embedded-postgres.ts";
import { FreshetProcess } from "../testing/freshet-process.ts";

let upstream: EmbeddedPostgres;
const running: FreshetProcess[] = [];

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start();
});

afterEach(async () => {
  for (const one of running.splice(0)) await one.dispose();
});

afterAll(() => upstream.stop());

async function start(url: string, ...args: string[]): Promise<FreshetProcess> {
  const one = await FreshetProcess.start("--upstream-db-url", url, ...args);
  running.push(one);
  return one;
}

async function query(url: string, ...statements: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const text of statements) rows = (await client.query<pg.QueryResultRow>(text)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

describe("freshet --upstream-db-url", () => {
  it("serves, caches, tells its health, and ends with 0 at SIGTERM", async () => {
    const one = await start(upstream.url(), "--adapter-threads=2", "--deployment=serves");
    await one.following();
    const url = `postgres://postgres:postgres@127.0.0.1:${one.port}/postgres`;
    await query(
      upstream.url(),
      "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL)",
      "INSERT INTO item VALUES (1, 'one'), (2, 'two')",
    );
    const text = "SELECT name FROM item WHERE id = 1";
    await vi.waitFor(() => query(url, `CREATE CACHE item_name FROM ${text}`), 60_000);
    for (let count = 0; count < 8; count += 1) {
      expect(await query(url, text)).toEqual([{ name: "one" }]);
    }
    await query(upstream.url(), "UPDATE item SET name = 'uno' WHERE id = 1");
    await vi.waitFor(async () => expect(await query(url, text)).toEqual([{ name: "uno" }]), 5_000);
    const metrics = await (await one.get("/metrics")).text();
    expect(metrics).toMatch(/freshet_hits_total\{cache="[^"]*item_name[^"]*"\} [1-9]/);
    expect(metrics).toContain('freshet_threads{kind="adapter"} 2');
    one.signal("SIGTERM");
    expect(await one.exit, one.output).toBe(0);
  });

  it("waits for an upstream that is not there, says so, and can be stopped meanwhile", async () => {
    const port = await freePort();
    const one = await start(`postgres://ann:s3cret@127.0.0.1:${port}/shop`);
    await vi.waitFor(() => expect(one.output).toContain("waiting for the upstream"), 60_000);
    expect((await one.get("/health/live")).status).toBe(200);
    expect((await one.get("/health/ready")).status).toBe(503);
    one.signal("SIGINT");
    expect(await one.exit).toBe(0);
    expect(one.output).not.toContain("s3cret");
  });

  it("refuses a wrong password in one sentence", async () => {
    const one = await start(upstream.url("postgres", "postgres", "wr0ng"));
    expect(await one.exit).toBe(1);
    expect(one.output).toMatch(
      /^freshet: The upstream refuses user postgres \(.*\): correct the user or password in --upstream-db-url\.\n$/,
    );
    expect(one.output).not.toContain("wr0ng");
  });

  it("refuses a database that does not exist", async () => {
    const one = await start(upstream.url("nowhere"));
    expect(await one.exit).toBe(1);
    expect(one.output).toContain('database "nowhere" does not exist');
  });

  it("refuses an upstream without logical decoding, naming the setting", async () => {
    const replica = await EmbeddedPostgres.start({ settings: { wal_level: "replica" } });
    try {
      const one = await start(replica.url());
      expect(await one.exit).toBe(1);
      expect(one.output).toMatch(/^freshet: .*wal_level is replica: set wal_level = logical.*\n$/);
    } finally {
      await replica.stop();
    }
  });

  it("refuses a port that is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const one = await start(upstream.url(), `--address=127.0.0.1:${port}`);
    expect(await one.exit).toBe(1);
    expect(one.output).toBe(
      `freshet: --address 127.0.0.1:${port} is in use by another program: ` +
        "choose another port with --address.\n",
    );
    await new Promise((resolve) => other.close(resolve));
  });

  it("refuses a storage directory that another Freshet uses", async () => {
    const first = await start(upstream.url(), "--deployment=locked");
    await first.ready();
    const second = await start(
      upstream.url(),
      "--deployment=locked",
      `--storage-dir=${first.storageDir}`,
    );
    expect(await second.exit, second.output).toBe(1);
    expect(second.output).toMatch(/freshet: .*in use by another.*\n$/);
  });
});

describe("freshet --verify and --cleanup", () => {
  it("prints every finding, and what was removed", async () => {
    const verify = await start(upstream.url(), "--verify");
    expect(await verify.exit, verify.output).toBe(0);
    expect(verify.output).toMatch(/^ok {3}/m);
    expect(verify.output).toContain("This database can be cached.");

    const one = await start(upstream.url(), "--deployment=cleaned");
    await one.following();
    one.signal("SIGTERM");
    expect(await one.exit, one.output).toBe(0);
    const cleanup = await start(
      upstream.url(),
      "--cleanup",
      "--deployment=cleaned",
      `--storage-dir=${one.storageDir}`,
    );
    expect(await cleanup.exit, cleanup.output).toBe(0);
    expect(cleanup.output).toContain("slot");
    const slots = await query(
      upstream.url(),
      "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE '%cleaned%'",
    );
    expect(slots).toEqual([]);
  });
});
