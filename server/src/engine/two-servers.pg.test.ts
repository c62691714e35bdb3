import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { ConfigurationError, SeededRandom, silentLogger } from "@freshet/util";
import { pairedLinks, type ToAdapter, type ToServer } from "@freshet/rpc";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { connect, rowsOf } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startFreshet, type TestFreshet } from "../../../test/support/freshet.ts";
import { TestDocument } from "../controller/document.testing.ts";
import { type Engine, startEngine } from "../index.ts";
import type { EngineOptions, SharedDocuments } from "./engine-options.ts";

let server: EmbeddedPostgres;
let direct: pg.Client;
let deployment = "";
let deployments = 0;
let definitions: TestDocument;
let settings: TestDocument;
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await EmbeddedPostgres.start({
    major: 18,
    settings: { max_replication_slots: "40", max_wal_senders: "40" },
  });
  direct = await connect(server.url());
});
beforeEach(() => {
  deployments += 1;
  deployment = `two${deployments}`;
  definitions = new TestDocument();
  settings = new TestDocument();
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

function documents(leads: () => boolean = () => true): SharedDocuments {
  return { definitions: definitions.port(leads), settings: settings.port(leads) };
}

async function start(
  replica: string,
  engine: Partial<EngineOptions> = {},
  storageDir?: string,
): Promise<TestFreshet> {
  const freshet = await startFreshet({
    upstreamUrl: server.url(),
    deployment,
    ...(storageDir === undefined ? {} : { storageDir }),
    engine: { replica, ownerToken: 1, documents: documents(), ...engine },
  });
  ending.push(() => freshet.stop());
  return freshet;
}

const caches = (engine: Engine): string =>
  engine
    .status()
    .caches.map(({ name }) => name)
    .sort()
    .join(" ");
const namesOf = async (text: string): Promise<readonly string[]> => {
  const names = (await rowsOf(direct, text)).map((row) => String(row["name"]));
  return names.filter((name) => name.includes(deployment));
};
const everything = () =>
  namesOf(`SELECT slot_name AS name FROM pg_replication_slots UNION ALL
    SELECT pubname FROM pg_publication UNION ALL SELECT evtname FROM pg_event_trigger UNION ALL
    SELECT nspname FROM pg_namespace WHERE nspname ~ '^freshet'`);
const TABLE = `CREATE TABLE t (id int PRIMARY KEY, g int, v text);
  INSERT INTO t SELECT i, i % 5, 'v' || i FROM generate_series(1, 100) i`;
const BY_GROUP = "SELECT id, v FROM t WHERE g = $1 ORDER BY id";

test("what is created or dropped on one is built or dropped on the other", async () => {
  await direct.query(TABLE);
  const one = await start("s1");
  const other = await start("s2");
  const slots = "SELECT slot_name AS name FROM pg_replication_slots ORDER BY 1";
  expect(await namesOf(slots)).toEqual([`freshet_${deployment}_s1`, `freshet_${deployment}_s2`]);
  const [first, second] = [await client(one.url()), await client(other.url())];
  await first.query(`CREATE CACHE c FROM ${BY_GROUP}`);
  await eventually(async () => expect(caches(other.engine)).toBe("c"));
  await second.query("CREATE CACHE d FROM SELECT v FROM t WHERE id = $1");
  await eventually(async () => expect(caches(one.engine)).toBe("c d"));
  await second.query("DROP CACHE c");
  expect(caches(other.engine)).toBe("d");
  await eventually(async () => expect(caches(one.engine)).toBe("d"));
  await first.query("DROP ALL CACHES");
  await eventually(async () => expect(other.engine.status().tables).toEqual([]));
});

test("both answer exactly while a writer runs", async () => {
  await direct.query(TABLE);
  const one = await start("s1");
  const other = await start("s2");
  const [first, second] = [await client(one.url()), await client(other.url())];
  await first.query(`CREATE CACHE c FROM ${BY_GROUP}`);
  await eventually(async () => expect(caches(other.engine)).toBe("c"));
  const random = new SeededRandom(7);
  for (let round = 0; round < 12; round += 1) {
    for (let write = 0; write < 10; write += 1) {
      const id = 1 + random.below(120);
      await direct.query(
        "INSERT INTO t VALUES ($1, $1 % 5, 'w') ON CONFLICT (id) DO UPDATE SET g = (t.g + 1) % 5, v = t.v || 'x'",
        [id],
      );
      if (write === 5) await direct.query("DELETE FROM t WHERE id = $1", [id + 1]);
      for (const each of [first, second]) await each.query(BY_GROUP, [id % 5]);
    }
    await eventually(async () => {
      for (const each of [first, second]) {
        for (let group = 0; group < 5; group += 1) {
          const expected = (await direct.query(BY_GROUP, [group])).rows;
          expect((await each.query(BY_GROUP, [group])).rows).toEqual(expected);
          const [last] = (await each.query("EXPLAIN LAST STATEMENT")).rows;
          expect(last.Query_destination).toMatch(/^freshet/);
        }
      }
    });
  }
});

test("caches of one name created on both at once end as the same one", async () => {
  await direct.query(TABLE);
  const one = await start("s1");
  const other = await start("s2");
  const [first, second] = [await client(one.url()), await client(other.url())];
  await Promise.all([
    first.query(`CREATE CACHE c FROM ${BY_GROUP}`),
    second.query("CREATE CACHE c FROM SELECT v FROM t WHERE id = $1"),
  ]);
  await eventually(async () => {
    expect([caches(one.engine), caches(other.engine)]).toEqual(["c", "c"]);
    const shown = [first, second].map(async (each) => (await each.query("SHOW CACHES")).rows[0]);
    const [left, right] = await Promise.all(shown);
    expect(left.query).toBe(right.query);
  });
});

test("while the authority is away DDL says so, the rest goes on, and a server starts", async () => {
  await direct.query(TABLE);
  const one = await start("s1");
  const first = await client(one.url());
  await first.query(`CREATE CACHE c FROM ${BY_GROUP}`);
  definitions.reachable = false;
  settings.reachable = false;
  for (const text of ["CREATE CACHE d FROM SELECT v FROM t WHERE id = $1", "DROP CACHE c"]) {
    await expect(first.query(text)).rejects.toMatchObject({
      code: "57P03",
      message: expect.stringMatching(/cannot be changed now: Consul does not answer/) as string,
    });
  }
  expect(caches(one.engine)).toBe("c");
  const { storageDir } = one;
  await one.engine.close();
  const engine = await startEngine({
    upstreamUrl: server.url(),
    deployment,
    replica: "s1",
    ownerToken: 1,
    documents: documents(),
    storageDir,
    memoryLimitBytes: 1 << 28,
    logger: silentLogger,
  });
  ending.push(() => engine.close());
  await engine.ready;
  expect(caches(engine)).toBe("c");
  expect(engine.status().tables).toMatchObject([{ status: "online", rows: 100 }]);
  definitions.set({ nextId: 9, records: [], lineage: "x", revision: 1 });
  expect(caches(engine)).toBe("c");
  definitions.reachable = true;
  await eventually(async () => expect(caches(engine)).toBe(""));
});

test("what was changed while a server was away it learns when it starts", async () => {
  await direct.query(TABLE);
  const one = await start("s1");
  const other = await start("s2");
  const first = await client(one.url());
  await direct.query("CREATE TABLE u (id int PRIMARY KEY)");
  await first.query("CREATE CACHE u FROM SELECT id FROM u WHERE id = $1");
  await first.query(`CREATE CACHE c FROM ${BY_GROUP}`);
  await eventually(async () => expect(caches(other.engine)).toBe("c u"));
  await other.stop({ keepStorage: true });
  await first.query("CREATE CACHE d FROM SELECT v FROM t WHERE id = $1");
  await first.query("DROP CACHE c");
  await first.query("DROP CACHE u");
  const again = await start("s2", { ownerToken: 2 }, other.storageDir);
  expect(caches(again.engine)).toBe("d");
  await again.engine.ready;
  expect(again.engine.status().tables).toMatchObject([{ status: "online", rows: 100 }]);
});

test("one that does not lead refuses DDL and follows it", async () => {
  await direct.query(TABLE);
  const one = await start("s1");
  const other = await start("s2", { documents: documents(() => false) });
  const second = await client(other.url());
  const create = `CREATE CACHE c FROM ${BY_GROUP}`;
  await expect(second.query(create)).rejects.toThrow(/no longer leads/);
  await (await client(one.url())).query(create);
  await eventually(async () => expect(caches(other.engine)).toBe("c"));
});

test("a replica that is gone is removed, one that is connected and others are not", async () => {
  await direct.query(TABLE);
  const one = await start("s1");
  const first = await client(one.url());
  await first.query(`CREATE CACHE c FROM ${BY_GROUP}`);
  const lastCopy = async () => {
    const { rows } = await first.query("SHOW FRESHET STATUS");
    return rows.find(({ name }) => name === "Last completed snapshot")?.value;
  };
  const copied = await lastCopy();
  const other = await start("s-2");
  const listed = async () =>
    (await one.engine.replicas()).map(({ replica, active }) => [replica, active]).sort();
  expect(await listed()).toEqual([
    ["s-2", true],
    ["s1", true],
  ]);
  await expect(one.engine.removeReplica("s-2")).rejects.toThrow(/is connected/);
  await expect(one.engine.removeReplica("s1")).rejects.toThrow(/this server itself/);
  const all = await everything();
  await other.stop();
  await eventually(async () => expect(await listed()).toContainEqual(["s-2", false]));
  const removed = await one.engine.removeReplica("s-2");
  expect(removed[0]).toMatch(/^Dropped the slot/);
  expect(await listed()).toEqual([["s1", true]]);
  const left = await everything();
  expect(left).toEqual(all.filter((name) => !name.includes("_s_2_")));
  expect(left).toHaveLength(6);
  // What came and went was nothing of ours: no table was copied again.
  expect((await first.query(BY_GROUP, [1])).rows).toHaveLength(20);
  expect([await lastCopy(), caches(one.engine)]).toEqual([copied, "c"]);
  // A combined deployment whose name is the same as ours and a replica's.
  await direct.query(`CREATE PUBLICATION freshet_${deployment}_s3`);
  await expect(one.engine.removeReplica("s3")).rejects.toThrow(/is not that of s3/);
});

test("who was replaced under the same name is refused the storage and the slot", async () => {
  const one = await start("s1", { ownerToken: 5 });
  const options = {
    upstreamUrl: server.url(),
    deployment,
    replica: "s1",
    documents: documents(),
    memoryLimitBytes: 1 << 28,
    logger: silentLogger,
  };
  const onFatal = vi.fn();
  const elsewhere = `${one.storageDir}-elsewhere`;
  const late = await startEngine({ ...options, ownerToken: 4, storageDir: elsewhere, onFatal });
  ending.push(() => late.close());
  await expect(late.ready).rejects.toThrow(/later owner of the name "s1"/);
  expect(onFatal.mock.calls[0]?.[0]).toBeInstanceOf(ConfigurationError);
  expect(one.engine.status().serving).toBe(true);
  // A later owner takes the slot from one that hangs, and keeps it.
  const next = await startEngine({ ...options, ownerToken: 6, storageDir: `${elsewhere}2` });
  ending.push(() => next.close());
  await next.ready;
  await eventually(async () => {
    expect(one.engine.status().lastError).toMatch(/later owner of the name "s1"/);
  });
  expect(next.status().serving).toBe(true);
  await one.engine.close();
  const again = startEngine({ ...options, ownerToken: 4, storageDir: one.storageDir });
  await expect(again).rejects.toThrow(/storage in .* belongs to a later owner/);
});

test("a server that ends leaves its slot where it had come to, and takes no adapter more", async () => {
  await direct.query(TABLE);
  const one = await start("s1");
  const first = await client(one.url());
  await first.query(`CREATE CACHE c FROM ${BY_GROUP}`);
  await direct.query("UPDATE t SET v = 'z'");
  await eventually(async () => {
    expect((await first.query(BY_GROUP, [1])).rows[0]).toMatchObject({ v: "z" });
  });
  const position = one.engine.status().position!;
  await one.engine.close();
  const [adapterLink, serverLink] = pairedLinks<ToServer, ToAdapter>();
  const [closed, heard] = [vi.fn(), vi.fn()];
  adapterLink.onClose(closed);
  adapterLink.onMessage(heard);
  one.engine.attach(serverLink, "late");
  await eventually(async () => expect(closed).toHaveBeenCalledOnce());
  expect(heard).not.toHaveBeenCalled();
  const [slot] = await rowsOf(
    direct,
    `SELECT active, (confirmed_flush_lsn - '0/0')::text AS lsn FROM pg_replication_slots
     WHERE slot_name = $1`,
    [`freshet_${deployment}_s1`],
  );
  expect(slot?.["active"]).toBe("f");
  const confirmed = BigInt(String(slot?.["lsn"]));
  expect(confirmed).toBeGreaterThanOrEqual(BigInt(`0x${position}`));
});

test("statements show members, maintenance mode and what a filter leaves out", async () => {
  await direct.query(`${TABLE}; CREATE SCHEMA other; CREATE TABLE other.u (id int PRIMARY KEY)`);
  ending.push(() => direct.query("DROP SCHEMA other CASCADE"));
  const one = await start("s1", { replicationTablesIgnore: ["other.*"] });
  const other = await start("s2");
  const [first, second] = [await client(one.url()), await client(other.url())];
  const status = async (of: pg.Client): Promise<unknown> => {
    const { rows } = await of.query("SHOW FRESHET STATUS");
    return rows.find(({ name }) => name === "Maintenance Mode")?.value;
  };
  expect(await status(second)).toBe("off");
  await first.query("ALTER FRESHET ENTER MAINTENANCE MODE");
  await eventually(async () => expect(await status(second)).toBe("on"));
  await second.query("ALTER READYSET EXIT MAINTENANCE MODE");
  await eventually(async () => expect(await status(first)).toBe("off"));
  const refused = first.query("CREATE CACHE FROM SELECT id FROM other.u WHERE id = $1");
  await expect(refused).rejects.toThrow(/other\.u is not replicated.*--replication-tables-ignore/);
  expect((await first.query("SHOW FRESHET SERVERS")).rows).toMatchObject([
    { name: "s1", role: "leader", state: "serving" },
  ]);
  await eventually(async () => {
    expect((await first.query("SHOW FRESHET ADAPTERS")).rows).toMatchObject([
      { name: "test", clients: "0", state: "connected" },
    ]);
  });
});

test("tables that statements add are replicated on every server, until they are taken back", async () => {
  await direct.query(`${TABLE}; CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1)`);
  const filter = { replicationTables: ["public.t"], replicationTablesIgnore: ["public.w"] };
  const one = await start("s1", filter);
  const other = await start("s2", filter);
  const [first, second] = [await client(one.url()), await client(other.url())];
  const notices: string[] = [];
  first.on("notice", ({ message }) => notices.push(message ?? ""));
  const create = "CREATE CACHE u FROM SELECT id FROM u WHERE id = $1";
  const status = async (of: pg.Client): Promise<unknown> => {
    const { rows } = await of.query("SHOW FRESHET STATUS");
    return rows.find(({ name }) => name === "Replicated Tables")?.value;
  };
  await first.query(`CREATE CACHE c FROM ${BY_GROUP}`);
  await expect(first.query(create)).rejects.toThrow(/public\.u is not replicated/);
  await first.query("ALTER FRESHET ENTER MAINTENANCE MODE");
  await expect(first.query("ALTER FRESHET ADD TABLES nowhere")).rejects.toThrow(/schema\.table/);
  await first.query("ALTER FRESHET ADD TABLES u, public.t, public.w");
  expect(notices).toEqual([
    '"public.t" is in --replication-tables, skipping',
    "table public.w is not replicated (--replication-tables-ignore names it)",
  ]);
  expect(settings.value).toMatchObject({ maintenance: true, tables: ["public.u", "public.w"] });
  const widened = "public.t, public.u (added), public.w (added) except public.w";
  await eventually(async () => expect(await status(second)).toBe(widened));
  await second.query(create);
  await eventually(async () => expect(caches(one.engine)).toBe("c u"));
  // Taken back by the other one: the cache stays defined, its query is forwarded.
  await second.query("ALTER READYSET DROP TABLES public.u, public.t");
  await eventually(async () => {
    for (const { engine } of [one, other]) {
      expect(caches(engine)).toBe("c");
      expect(engine.status().tables).toMatchObject([{ table: "public.t", status: "online" }]);
    }
  });
  const shown = (await first.query("SHOW CACHES")).rows.find(({ name }) => name === "u");
  expect(JSON.stringify(shown)).toMatch(/public\.u is not replicated/);
  expect((await first.query("SELECT id FROM u WHERE id = $1", [1])).rows).toEqual([{ id: 1 }]);
  // And is built by itself when its table may be copied again; so by a server that starts.
  await other.stop({ keepStorage: true });
  await first.query("ALTER FRESHET ADD TABLES public.*");
  await eventually(async () => expect(caches(one.engine)).toBe("c u"));
  const again = await start("s2", { ...filter, ownerToken: 2 }, other.storageDir);
  await again.engine.ready;
  expect(caches(again.engine)).toBe("c u");
});

test("without --replication-tables there is nothing to add tables to", async () => {
  const one = await start("s1");
  const first = await client(one.url());
  const notices: string[] = [];
  first.on("notice", ({ message }) => notices.push(message ?? ""));
  await first.query("ALTER FRESHET ADD TABLES public.t");
  await first.query("ALTER FRESHET DROP TABLES public.t");
  expect(notices).toEqual([
    "every table is allowed: --replication-tables is not set, nothing to add to",
    '"public.t" was not added, skipping',
  ]);
  expect(settings.value).toBeNull();
});
