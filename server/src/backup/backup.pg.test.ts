import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { silentLogger, systemClock } from "@freshet/util";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect, lastDestination, rowsOf } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { createPostgresUpstream } from "../replication/postgres/index.ts";
import { BackupBench, LogLines, type BackedUpServer } from "./testing.ts";

const GROUPS = 10;
const CACHED = "SELECT id, n, v FROM t WHERE g = $1";

describe.each([13, 18] as const)("backups, Postgres %i", (major) => {
  let server: EmbeddedPostgres;
  let direct: pg.Client;
  let bench: BackupBench;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    server = await EmbeddedPostgres.start({ major });
    direct = await connect(server.url());
  });
  beforeEach(async () => {
    bench = await BackupBench.make();
    await direct.query(`CREATE TABLE t (id int PRIMARY KEY, g int NOT NULL, n int, v text);
      INSERT INTO t SELECT i, i % ${GROUPS}, 0, 'row ' || i FROM generate_series(1, 20000) i`);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await bench.end();
    for (const name of await slots()) {
      await direct.query("SELECT pg_drop_replication_slot($1)", [name]);
    }
    const publications = await rowsOf(direct, "SELECT pubname FROM pg_publication");
    for (const { pubname } of publications) await direct.query(`DROP PUBLICATION ${pubname}`);
    await direct.query("DROP SCHEMA IF EXISTS freshet_backup_s1 CASCADE");
    await direct.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  });
  afterAll(async () => {
    await direct?.end();
    await server?.stop();
  });

  const slots = async () =>
    (await rowsOf(direct, "SELECT slot_name FROM pg_replication_slots ORDER BY 1")).map((row) =>
      String(row["slot_name"]),
    );

  async function client(url: string): Promise<pg.Client> {
    const made = await connect(url);
    clients.push(made);
    return made;
  }

  async function started(options?: Parameters<BackupBench["start"]>[1]): Promise<BackedUpServer> {
    return bench.start(server.url(), options);
  }

  /** Every row of the table through the cache, compared with the upstream's. */
  async function expectEqual(freshet: BackedUpServer): Promise<void> {
    const proxied = await client(freshet.url());
    for (let group = 0; group < GROUPS; group += 1) {
      await eventually(async () => {
        const expected = await rowsOf(direct, `${CACHED} ORDER BY id`, [group]);
        const rows = await rowsOf(proxied, CACHED, [group]);
        expect(rows.sort((a, b) => Number(a["id"]) - Number(b["id"]))).toEqual(expected);
        expect(await lastDestination(proxied)).toMatch(/freshet/);
      });
    }
  }

  /** Backed up while somebody writes; the storage is gone when it resolves. */
  async function backedUp(): Promise<void> {
    const first = await started();
    const proxied = await client(first.url());
    await proxied.query(`CREATE CACHE c FROM ${CACHED}`);
    const done = new AbortController();
    const writing = keepWriting(done.signal);
    await first.backedUp().finally(() => done.abort());
    await writing;
    expect(first.copiedRows()).toBeGreaterThanOrEqual(20_000);
    await first.stop();
  }

  async function keepWriting(signal: AbortSignal): Promise<void> {
    const writer = await client(server.url());
    for (let round = 1; !signal.aborted; round += 1) {
      await writer.query("UPDATE t SET n = n + 1 WHERE id % 500 = $1", [round % 500]);
      await writer.query("INSERT INTO t VALUES ($1, $2, 1, 'new')", [100_000 + round, round % 7]);
      await writer.query("DELETE FROM t WHERE id = $1", [10_000 + (round % 5_000)]);
    }
  }

  test("a server without storage goes on from the newest backup", async () => {
    await backedUp();
    expect(await slots()).toEqual(["freshet_backup_s1", "freshet_backup_s1_backup"]);
    await direct.query("UPDATE t SET n = -1 WHERE id <= 100; DELETE FROM t WHERE id = 7");
    const next = await started();
    await expectEqual(next);
    expect(next.copiedRows()).toBe(0);
    expect(next.log.text()).toContain("the storage was restored from a backup");
    await direct.query("UPDATE t SET n = -2 WHERE id <= 100");
    await expectEqual(next);
    await next.stop();
    // Nothing of it is needed once more: the main slot was made from the backup's, which stays.
    const third = await started();
    await expectEqual(third);
    expect(third.copiedRows()).toBe(0);
  });

  test("backups follow each other, older ones go, and the slot follows the newest", async () => {
    const first = await started({ intervalMs: 1, keep: 2 });
    const proxied = await client(first.url());
    await proxied.query(`CREATE CACHE c FROM ${CACHED}`);
    for (let round = 0; round < 4; round += 1) {
      await direct.query("UPDATE t SET n = $1 WHERE id = 5", [round]);
      await first.backedUp();
    }
    await first.stop();
    const manifests = await bench.manifests();
    expect(manifests).toHaveLength(2);
    expect(await bench.files()).toHaveLength(6);
    const [slot] = await rowsOf(
      direct,
      `SELECT lpad(split_part(confirmed_flush_lsn::text, '/', 1), 8, '0') ||
         lpad(split_part(confirmed_flush_lsn::text, '/', 2), 8, '0') AS at
       FROM pg_replication_slots WHERE slot_name = 'freshet_backup_s1_backup'`,
    );
    expect(slot?.["at"]).toBe(manifests.at(-1)?.position);
    const next = await started();
    await expectEqual(next);
    expect(next.copiedRows()).toBe(0);
  });

  async function expectCopied(words: string, options?: Parameters<BackupBench["start"]>[1]) {
    const next = await started(options);
    await expectEqual(next);
    expect(next.log.text()).toContain(words);
    expect(next.copiedRows()).toBeGreaterThanOrEqual(19_000);
    return next;
  }

  test("where no slot keeps the log any more it says so and copies", async () => {
    await backedUp();
    await direct.query("SELECT pg_drop_replication_slot('freshet_backup_s1_backup')");
    await direct.query("UPDATE t SET n = -3 WHERE id <= 100");
    await expectCopied("freshet_backup_s1_backup does not exist");
  });

  test("where the slots are lost it says so and copies; the next backup has a slot again", async () => {
    await backedUp();
    await direct.query("UPDATE t SET n = -3 WHERE id <= 100");
    await loseSlots();
    const next = await expectCopied("is lost");
    await eventually(async () => {
      expect(next.engine.status().backup?.made).toBe(1);
      return Promise.resolve();
    });
    await next.stop();
    const third = await started();
    await expectEqual(third);
    expect(third.copiedRows()).toBe(0);
  });

  async function loseSlots(): Promise<void> {
    await direct.query("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
    await direct.query("SELECT pg_reload_conf()");
    await eventually(async () => {
      await direct.query(
        "CREATE TABLE x AS SELECT i FROM generate_series(1, 1000) i; DROP TABLE x",
      );
      await direct.query("SELECT pg_switch_wal()");
      await direct.query("CHECKPOINT");
      const kept = await rowsOf(
        direct,
        "SELECT FROM pg_replication_slots WHERE wal_status IS DISTINCT FROM 'lost'",
      );
      expect(kept).toEqual([]);
    });
    await direct.query("ALTER SYSTEM RESET max_slot_wal_keep_size");
    await direct.query("SELECT pg_reload_conf()");
  }

  test("a table that left the publication meanwhile is copied anew, others are not", async () => {
    await direct.query("CREATE TABLE other (id int PRIMARY KEY, v text)");
    await direct.query("INSERT INTO other SELECT i, 'x' FROM generate_series(1, 100) i");
    const first = await started({ intervalMs: 1 });
    const proxied = await client(first.url());
    await proxied.query("CREATE CACHE o FROM SELECT v FROM other WHERE id = $1");
    await proxied.query(`CREATE CACHE c FROM ${CACHED}`);
    // The first to begin after both were copied.
    await first.backedUp();
    await first.backedUp();
    await first.stop();
    const manifest = (await bench.manifests()).at(-1);
    expect(manifest?.tables.map(({ name, rows }) => [name, rows]).sort()).toEqual([
      ["public.other", 100],
      ["public.t", 20_000],
    ]);
    await direct.query("ALTER PUBLICATION freshet_backup_s1 DROP TABLE other");
    await direct.query("UPDATE other SET v = 'unseen' WHERE id = 5");
    await direct.query("ALTER PUBLICATION freshet_backup_s1 ADD TABLE other");
    const next = await started();
    await expectEqual(next);
    const again = await client(next.url());
    await eventually(async () => {
      const rows = await rowsOf(again, "SELECT v FROM other WHERE id = $1", [5]);
      expect(rows).toEqual([{ v: "unseen" }]);
      expect(await lastDestination(again)).toMatch(/freshet/);
    });
    expect(next.copiedRows()).toBe(100);
    expect(next.log.text()).toContain("not in the publication all the time");
  });

  test("a publication or triggers that were made again end the backup", async () => {
    await backedUp();
    await direct.query("ALTER PUBLICATION freshet_backup_s1 SET (publish = 'insert')");
    await direct.query("UPDATE t SET n = -9 WHERE id = 9");
    await direct.query(
      "ALTER PUBLICATION freshet_backup_s1 SET (publish = 'insert, update, delete, truncate')",
    );
    const next = await expectCopied("the publication was changed");
    await eventually(async () => {
      expect(next.engine.status().backup?.made).toBe(1);
      return Promise.resolve();
    });
    await next.stop();
    await direct.query("DROP EVENT TRIGGER freshet_backup_s1_ddl");
    await expectCopied("the event triggers were changed");
  });

  test.each([
    ["ALTER TABLE t ADD COLUMN z int DEFAULT 5"],
    ["ALTER TABLE t ALTER n TYPE bigint; UPDATE t SET n = 3 WHERE id < 9"],
    ["ALTER TABLE t ADD z int; UPDATE t SET z = 1 WHERE id < 50; ALTER TABLE t DROP z"],
    ["TRUNCATE t; INSERT INTO t VALUES (1, 1, 1, 'one')"],
    ["DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, g int NOT NULL, n int, v text)"],
  ])("what was done to a table since the backup is seen: %s", async (ddl) => {
    await backedUp();
    for (const statement of ddl.split("; ")) await direct.query(statement);
    const next = await started();
    await expectEqual(next);
    await direct.query("INSERT INTO t VALUES (-1, 3, 0, 'after')");
    await expectEqual(next);
  });

  test("partitions: rows, and partitions made or attached since, are seen", async () => {
    await direct.query(`CREATE TABLE p (id int, g int, n int, PRIMARY KEY (id, g)) PARTITION BY LIST (g);
      CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
      INSERT INTO p SELECT i, 1 + i % 2, 0 FROM generate_series(1, 1000) i`);
    const first = await started();
    const proxied = await client(first.url());
    const cached = "SELECT id, n FROM p WHERE g = $1";
    await proxied.query(`CREATE CACHE c FROM ${cached}`);
    await first.backedUp();
    await first.stop();
    await direct.query("UPDATE p SET n = 1 WHERE id < 100");
    await direct.query("CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3)");
    await direct.query("INSERT INTO p VALUES (1, 3, 3)");
    const check = async () => {
      const next = await started();
      const again = await client(next.url());
      for (const group of [1, 2, 3, 4]) {
        await eventually(async () => {
          const expected = await rowsOf(direct, `${cached} ORDER BY id`, [group]);
          const rows = await rowsOf(again, cached, [group]);
          expect(rows.sort((a, b) => Number(a["id"]) - Number(b["id"]))).toEqual(expected);
          expect(await lastDestination(again)).toMatch(/freshet/);
        });
      }
      await next.stop();
      return next.copiedRows();
    };
    expect(await check()).toBe(0);
    await direct.query("TRUNCATE p2");
    await check();
    await direct.query("CREATE TABLE p4 (id int, g int, n int, PRIMARY KEY (id, g))");
    await direct.query(
      "INSERT INTO p4 VALUES (1, 4, 4); ALTER TABLE p ATTACH PARTITION p4 FOR VALUES IN (4)",
    );
    expect(await check()).toBeGreaterThan(0);
  });

  test("a damaged newest backup is passed over", async () => {
    await backedUp();
    const data = (await bench.files()).find((name) => name.endsWith("data.mdb.zst"))!;
    await bench.overwrite(data, (content) => {
      content[content.length >> 1]! ^= 1;
      return content;
    });
    await direct.query("UPDATE t SET n = -3 WHERE id <= 100");
    const again = async (words: string) => {
      const next = await started();
      const proxied = await client(next.url());
      await proxied.query(`CREATE CACHE c FROM ${CACHED}`);
      await expectEqual(next);
      expect(next.log.text()).toContain(words);
      await next.stop();
    };
    await again("is damaged");
    await bench.overwrite(data, (content) => content.subarray(0, content.length >> 1));
    await again("it is not whole");
  });

  test("another server's backup is refused with the reason", async () => {
    await backedUp();
    const other = await started({ replica: "s2" });
    expect(other.log.text()).toContain("it is another server's (s1)");
    await other.stop();
    await direct.query(
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE '%s2%'",
    );
    await direct.query("DROP SCHEMA freshet_backup_s2 CASCADE");
  });

  test("FOR ALL TABLES: continued while it is the same publication, copied otherwise", async () => {
    await direct.query("CREATE PUBLICATION freshet_backup_s1 FOR ALL TABLES");
    await backedUp();
    await direct.query("UPDATE t SET n = -1 WHERE id <= 100");
    const next = await started();
    await expectEqual(next);
    expect(next.copiedRows()).toBe(0);
    await next.stop();
    const [{ mark } = {}] = await rowsOf(
      direct,
      "SELECT quote_literal(obj_description(oid, 'pg_publication')) AS mark FROM pg_publication",
    );
    await direct.query("DROP PUBLICATION freshet_backup_s1");
    await direct.query("UPDATE t SET n = -2 WHERE id <= 100");
    await direct.query("CREATE PUBLICATION freshet_backup_s1 FOR ALL TABLES");
    await direct.query(`COMMENT ON PUBLICATION freshet_backup_s1 IS ${String(mark)}`);
    await expectCopied("the publication was changed");
  });

  test("a restore waits while somebody has the server's own slot", async () => {
    await backedUp();
    const holder = new pg.Client({
      connectionString: server.url(),
      replication: "database",
    } as pg.ClientConfig);
    holder.on("error", () => undefined);
    await holder.connect();
    const holding = holder.query(
      `START_REPLICATION SLOT freshet_backup_s1 LOGICAL 0/0
       (proto_version '1', publication_names 'freshet_backup_s1')`,
    );
    holding.catch(() => undefined);
    await eventually(async () => expect(await activeSlots()).toEqual(["freshet_backup_s1"]));
    await direct.query("UPDATE t SET n = -4 WHERE id <= 100");
    const log = new LogLines();
    const starting = started({ log });
    await eventually(() => {
      expect(log.text()).toContain("the slot freshet_backup_s1 is in use by process");
      return Promise.resolve();
    });
    await direct.query(
      "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active",
    );
    const next = await starting;
    await expectEqual(next);
    expect(next.copiedRows()).toBe(0);
  });

  const activeSlots = async () =>
    (await rowsOf(direct, "SELECT slot_name FROM pg_replication_slots WHERE active")).map((row) =>
      String(row["slot_name"]),
    );

  test("cleaning up removes the backups' slot too", async () => {
    await backedUp();
    const upstream = createPostgresUpstream({
      url: server.url(),
      deployment: "backup",
      replica: "s1",
      logger: silentLogger,
      clock: systemClock,
    });
    try {
      const done = await upstream.cleanup();
      expect(done).toContain("Dropped the slot freshet_backup_s1.");
      expect(done).toContain("Dropped the slot freshet_backup_s1_backup.");
    } finally {
      await upstream.close();
    }
    expect(await slots()).toEqual([]);
    expect(await rowsOf(direct, "SELECT FROM pg_publication")).toEqual([]);
    await expectCopied("the publication does not exist any more");
  });

  test("a server that makes no backups any more keeps no log for them", async () => {
    await backedUp();
    const next = await started({ location: null });
    expect(await slots()).toEqual(["freshet_backup_s1"]);
    expect(next.log.text()).toContain("freshet_backup_s1_backup kept the log for backups");
  });
});
