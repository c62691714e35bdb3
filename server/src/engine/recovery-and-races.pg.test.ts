import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connect, rowsOf } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startFreshet, type TestFreshet } from "../../../test/support/freshet.ts";
import { type Engine, startEngine } from "../index.ts";
import { silentLogger } from "@freshet/util";

let server: EmbeddedPostgres;
let direct: pg.Client;
const ending: (() => Promise<unknown>)[] = [];
let deployments = 0;

beforeAll(async () => {
  server = await EmbeddedPostgres.start({ major: 18 });
  direct = await connect(server.url());
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  await direct.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
});
afterAll(async () => {
  await direct?.end();
  await server?.stop();
});

async function client(url: string): Promise<pg.Client> {
  const made = await connect(url);
  ending.push(() => made.end());
  return made;
}

function deployment(): string {
  deployments += 1;
  return `races${deployments}`;
}

async function start(upstreamUrl = server.url(), name = deployment()): Promise<TestFreshet> {
  const freshet = await startFreshet({ upstreamUrl, deployment: name });
  ending.push(() => freshet.stop());
  return freshet;
}

const cacheNames = (engine: Engine): string[] => engine.status().caches.map(({ name }) => name);
const tableStatus = (engine: Engine, table: string): string | undefined =>
  engine.status().tables.find((each) => each.table === table)?.status;

async function breakStream(name: string): Promise<void> {
  const killed = await rowsOf(
    direct,
    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name LIKE $1",
    [`%${name}%`],
  );
  expect(killed).toHaveLength(1);
}

test("a large transaction whose rows leave out TOASTed values is applied", async () => {
  await direct.query("CREATE TABLE t (id int PRIMARY KEY, n int, doc text STORAGE EXTERNAL)");
  await direct.query(`INSERT INTO t SELECT i, 0, repeat(i::text, CASE WHEN i % 100 = 0 THEN 4000
    ELSE 1 END) FROM generate_series(1, 25000) i`);
  const freshet = await start();
  const proxied = await client(freshet.url());
  await proxied.query("CREATE CACHE c FROM SELECT n, doc FROM t WHERE id = $1");
  const read = () => proxied.query("SELECT n, doc FROM t WHERE id = $1", [100]);
  const [before] = (await read()).rows;
  await direct.query("UPDATE t SET n = n + 1");
  await eventually(async () => expect((await read()).rows).toEqual([{ ...before, n: 1 }]));
  expect(freshet.engine.status()).toMatchObject({ serving: true, lastError: "" });
});

test("a cache waits for a table that began to be copied again meanwhile", async () => {
  await direct.query(
    "CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, v text)",
  );
  await direct.query("INSERT INTO a SELECT i, 'a' FROM generate_series(1, 100000) i");
  const freshet = await start();
  const { engine } = freshet;
  const proxied = await client(freshet.url());
  await proxied.query("CREATE CACHE ca FROM SELECT v FROM a WHERE id = $1");
  const writer = await client(server.url());
  await writer.query("BEGIN; INSERT INTO b VALUES (1, 'b')");
  const creating = proxied.query(
    "CREATE CACHE j FROM SELECT a.v AS av, b.v AS bv FROM a JOIN b ON a.id = b.id WHERE a.id = $1",
  );
  await eventually(async () => expect(tableStatus(engine, "public.b")).toBe("preparing"));
  const other = await client(freshet.url());
  const resnapshot = other.query("ALTER FRESHET RESNAPSHOT TABLE public.a");
  await eventually(async () => expect(tableStatus(engine, "public.a")).toBe("preparing"));
  await writer.query("COMMIT");
  const seen = new Set<string | undefined>();
  await eventually(async () => {
    seen.add(tableStatus(engine, "public.a"));
    if (tableStatus(engine, "public.a") !== "online") expect(cacheNames(engine)).not.toContain("j");
    expect(cacheNames(engine).sort()).toEqual(["ca", "j"]);
  });
  expect(seen).toContain("copying");
  await creating;
  await resnapshot;
  const { rows } = await proxied.query(
    "SELECT a.v AS av, b.v AS bv FROM a JOIN b ON a.id = b.id WHERE a.id = $1",
    [1],
  );
  expect(rows).toEqual([{ av: "a", bv: "b" }]);
});

test("a cache made against a newer definition does not leave older caches behind", async () => {
  await direct.query("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN REPLICATION PASSWORD 'p'");
  await direct.query("GRANT ALL ON SCHEMA public TO plain");
  await direct.query(
    "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO plain', current_database()); END $$",
  );
  await direct.query("CREATE TABLE t (gone int, id int PRIMARY KEY, v text)");
  await direct.query("ALTER TABLE t OWNER TO plain; INSERT INTO t VALUES (0, 1, 'old')");
  const url = new URL(server.url());
  url.username = "plain";
  url.password = "p";
  // Not a superuser: no event triggers, so the change is noticed by polling, too late for us.
  const freshet = await start(url.href);
  const proxied = await client(freshet.url());
  await proxied.query("CREATE CACHE c1 FROM SELECT v FROM t WHERE id = $1");
  const read = async () => (await proxied.query("SELECT v FROM t WHERE id = $1", [1])).rows;
  expect(await read()).toEqual([{ v: "old" }]);
  await direct.query("ALTER TABLE t DROP COLUMN gone, ADD COLUMN x int");
  await proxied.query("CREATE CACHE c2 FROM SELECT v, x FROM t WHERE id = $1");
  await direct.query("UPDATE t SET v = 'new'");
  await eventually(async () => expect(await read()).toEqual([{ v: "new" }]), 5_000);
  await eventually(async () => expect(cacheNames(freshet.engine).sort()).toEqual(["c1", "c2"]));
  expect(await read()).toEqual([{ v: "new" }]);
});

test("dropping a cache does not take away the tables of one being made", async () => {
  await direct.query(
    "CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, v text)",
  );
  const freshet = await start();
  const proxied = await client(freshet.url());
  const other = await client(freshet.url());
  await proxied.query("CREATE CACHE ca FROM SELECT v FROM a WHERE id = $1");
  const writer = await client(server.url());
  await writer.query("BEGIN; INSERT INTO b VALUES (2, 'b')");
  const creating = proxied.query("CREATE CACHE cb FROM SELECT v FROM b WHERE id = $1");
  creating.catch(() => undefined);
  await eventually(async () => expect(tableStatus(freshet.engine, "public.b")).toBe("preparing"));
  await other.query("DROP CACHE ca");
  await writer.query("COMMIT");
  await creating;
  expect(cacheNames(freshet.engine)).toEqual(["cb"]);
});

test("one table that cannot be copied holds up neither the others nor a new connection", async () => {
  await direct.query(
    "CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, v text)",
  );
  const name = deployment();
  const first = await startFreshet({ upstreamUrl: server.url(), deployment: name });
  const proxied = await connect(first.url());
  await proxied.query("CREATE CACHE ca FROM SELECT v FROM a WHERE id = $1");
  await proxied.query("CREATE CACHE cb FROM SELECT v FROM b WHERE id = $1");
  await proxied.end();
  await first.stop({ keepStorage: true });
  await direct.query("ALTER TABLE b ADD COLUMN x int");
  const locker = await client(server.url());
  await locker.query("BEGIN; LOCK TABLE b IN ACCESS EXCLUSIVE MODE");
  const engine = await startEngine({
    upstreamUrl: server.url(),
    deployment: name,
    storageDir: first.storageDir,
    memoryLimitBytes: 1 << 28,
    logger: silentLogger,
  });
  ending.push(() => engine.close());
  await eventually(async () => {
    expect(engine.status().serving).toBe(true);
    expect(cacheNames(engine)).toEqual(["ca"]);
  });
  await breakStream(name);
  await eventually(async () => expect(engine.status().serving).toBe(false));
  await locker.query("ROLLBACK");
  await eventually(async () => {
    expect(engine.status().serving).toBe(true);
    expect(cacheNames(engine).sort()).toEqual(["ca", "cb"]);
  }, 20_000);
  await engine.ready;
});

test("a copy that waits for a writer does not keep a new connection from serving", async () => {
  await direct.query(
    "CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, v text)",
  );
  await direct.query("INSERT INTO a VALUES (1, 'a')");
  const name = deployment();
  const { engine, url } = await start(server.url(), name);
  const proxied = await client(url());
  await proxied.query("CREATE CACHE ca FROM SELECT v FROM a WHERE id = $1");
  const writer = await client(server.url());
  await writer.query("BEGIN; INSERT INTO b VALUES (1, 'b')");
  const creating = (await client(url())).query(
    "CREATE CACHE cb FROM SELECT v FROM b WHERE id = $1",
  );
  await eventually(async () => expect(tableStatus(engine, "public.b")).toBe("preparing"));
  await breakStream(name);
  await eventually(async () => expect(engine.status().serving).toBe(false));
  await eventually(async () => expect(engine.status().serving).toBe(true));
  expect(cacheNames(engine)).toEqual(["ca"]);
  await writer.query("COMMIT");
  await creating;
  const read = async () => (await proxied.query("SELECT v FROM b WHERE id = $1", [1])).rows;
  expect(await read()).toEqual([{ v: "b" }]);
  await direct.query("UPDATE b SET v = 'c'");
  await eventually(async () => expect(await read()).toEqual([{ v: "c" }]));
});

test("a stream that breaks during a copy loses none of the changes made meanwhile", async () => {
  await direct.query(
    "CREATE TABLE t (id int, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 200000) i",
  );
  await direct.query("ALTER TABLE t REPLICA IDENTITY FULL; CREATE INDEX ON t (id)");
  const name = deployment();
  const { engine, url } = await start(server.url(), name);
  const proxied = await client(url());
  let creating = true;
  const created = (await client(url()))
    .query("CREATE CACHE c FROM SELECT count(*), sum(v) FROM t WHERE v >= $1")
    .finally(() => (creating = false));
  await eventually(async () => expect(tableStatus(engine, "public.t")).toBe("copying"));
  let broken = 0;
  for (let round = 1; creating; round += 1) {
    await direct.query("UPDATE t SET v = v + 1 WHERE id = $1", [round]);
    await direct.query("INSERT INTO t VALUES ($1, 1)", [-round]);
    await direct.query("DELETE FROM t WHERE id = $1", [100_000 + round]);
    if (round === 10 || round === 200) {
      await breakStream(name);
      broken += 1;
    }
  }
  await created;
  expect(broken).toBeGreaterThan(0);
  const sql = "SELECT count(*), sum(v) FROM t WHERE v >= $1";
  await eventually(async () => {
    const expected = (await direct.query(sql, [0])).rows;
    expect((await proxied.query(sql, [0])).rows).toEqual(expected);
    expect((await proxied.query("EXPLAIN LAST STATEMENT")).rows[0]?.Query_destination).toMatch(
      /freshet/,
    );
  });
});

test("a copy and a TRUNCATE that waits for it do not wait for each other", async () => {
  await direct.query("CREATE TABLE t (id int PRIMARY KEY, v text)");
  await direct.query("INSERT INTO t SELECT i, repeat('v', 100) FROM generate_series(1, 300000) i");
  const { engine, url } = await start();
  const proxied = await client(url());
  for (let round = 0; round < 2; round += 1) {
    const creating = proxied.query("CREATE CACHE c FROM SELECT v FROM t WHERE id = $1");
    const other = await client(server.url());
    let truncating: Promise<unknown> | null = null;
    const locked =
      "SELECT FROM pg_locks WHERE relation = 't'::regclass AND mode = 'AccessShareLock' AND granted";
    while (truncating === null) {
      const { rowCount } = await direct.query(locked);
      if (rowCount !== 0) truncating = other.query("BEGIN; TRUNCATE t; ROLLBACK");
    }
    await Promise.all([creating, truncating]);
    expect(cacheNames(engine)).toEqual(["c"]);
    await proxied.query("DROP CACHE c");
  }
});

test("a cache comes back when its table does", async () => {
  await direct.query(
    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')",
  );
  const freshet = await start();
  const proxied = await client(freshet.url());
  await proxied.query("CREATE CACHE c FROM SELECT v FROM t WHERE id = $1");
  await direct.query("DROP TABLE t");
  await eventually(async () => expect(cacheNames(freshet.engine)).toEqual([]));
  await direct.query(
    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'two')",
  );
  await eventually(async () => expect(cacheNames(freshet.engine)).toEqual(["c"]), 20_000);
  const { rows } = await proxied.query("SELECT v FROM t WHERE id = $1", [1]);
  expect(rows).toEqual([{ v: "two" }]);
});
