import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import {
  type MysqlClient,
  type MysqlRow,
  mysqlConnect,
  mysqlRows,
} from "../../../test/support/mysql-database.ts";
import { BackupBench, type BackedUpServer } from "./testing.ts";

const GROUPS = 10;
const CACHED = "SELECT id, n, v FROM t WHERE g = ";

describe.each(["mysql", "mariadb"] as const)("backups, %s", (flavour) => {
  let server: EmbeddedMysql;
  let direct: MysqlClient;
  let bench: BackupBench;
  const clients: MysqlClient[] = [];

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    direct = await mysqlConnect(server.url(), { multipleStatements: true });
  });
  beforeEach(async () => {
    bench = await BackupBench.make();
    await direct.query("DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS other");
    await direct.query("CREATE TABLE t (id int PRIMARY KEY, g int NOT NULL, n int, v text)");
    await direct.query(`INSERT INTO t WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1
      FROM s WHERE i < 1000) SELECT i, i % ${GROUPS}, 0, concat('row ', i) FROM s`);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await bench.end();
  });
  afterAll(async () => {
    await direct?.end();
    await server?.stop();
  });

  async function client(url: string): Promise<MysqlClient> {
    const made = await mysqlConnect(url);
    clients.push(made);
    return made;
  }

  async function expectEqual(freshet: BackedUpServer): Promise<void> {
    const proxied = await client(freshet.url());
    const sorted = (rows: readonly MysqlRow[]) =>
      [...rows].sort((a, b) => Number(a[0]) - Number(b[0]));
    for (let group = 0; group < GROUPS; group += 1) {
      await eventually(async () => {
        const expected = await mysqlRows(direct, CACHED + group);
        const rows = await mysqlRows(proxied, CACHED + group);
        expect(sorted(rows)).toEqual(sorted(expected));
        const [said] = await mysqlRows(proxied, "EXPLAIN LAST STATEMENT");
        expect(JSON.stringify(said)).toMatch(/freshet/);
      });
    }
  }

  /** Backed up while somebody writes; the storage is gone when it resolves. */
  async function backedUp(replica = "s1"): Promise<void> {
    const first = await bench.start(server.url(), { replica });
    const proxied = await client(first.url());
    await proxied.query(`CREATE CACHE c FROM ${CACHED}?`);
    const done = new AbortController();
    const writing = keepWriting(done.signal);
    await first.backedUp().finally(() => done.abort());
    await writing;
    await first.stop();
  }

  async function keepWriting(signal: AbortSignal): Promise<void> {
    const writer = await client(server.url());
    for (let round = 1; !signal.aborted; round += 1) {
      await writer.query(`UPDATE t SET n = n + 1 WHERE id % 50 = ${round % 50}`);
      await writer.query(`INSERT INTO t VALUES (${100_000 + round}, ${round % 7}, 1, 'new')`);
      await writer.query(`DELETE FROM t WHERE id = ${200 + (round % 500)}`);
    }
  }

  test("a server without storage, of whatever name, goes on from the newest backup", async () => {
    await backedUp();
    await direct.query("UPDATE t SET n = -1 WHERE id <= 100; DELETE FROM t WHERE id = 7");
    for (const replica of ["s1", "s2"]) {
      const next = await bench.start(server.url(), { replica });
      await expectEqual(next);
      expect(next.copiedRows()).toBe(0);
      await direct.query("UPDATE t SET n = n - 1 WHERE id <= 100");
      await expectEqual(next);
      await next.stop();
    }
  });

  test("where the binary log does not reach back it says so and copies", async () => {
    await backedUp();
    await direct.query("UPDATE t SET n = -3 WHERE id <= 100");
    await direct.query("FLUSH BINARY LOGS");
    const logs = await mysqlRows(direct, "SHOW BINARY LOGS");
    await direct.query("UPDATE t SET n = -4 WHERE id <= 10");
    // A log in use is kept: the server has yet to notice that we have gone.
    await eventually(async () => {
      await direct.query(`PURGE BINARY LOGS TO '${logs.at(-1)![0]}'`);
      expect(await mysqlRows(direct, "SHOW BINARY LOGS")).toHaveLength(1);
    });
    const next = await bench.start(server.url());
    await expectEqual(next);
    expect(next.log.text()).toContain("changes are missing");
    expect(next.copiedRows()).toBeGreaterThan(100);
    // What was copied is backed up at once: the older backup is of no use.
    await eventually(() => {
      expect(next.engine.status().backup?.made).toBe(1);
      return Promise.resolve();
    });
  });

  test("a damaged backup is passed over for the one before it", async () => {
    const first = await bench.start(server.url(), { intervalMs: 1, keep: 3 });
    const proxied = await client(first.url());
    await proxied.query(`CREATE CACHE c FROM ${CACHED}?`);
    await first.backedUp();
    await direct.query("UPDATE t SET n = 5 WHERE id < 50");
    await first.backedUp();
    await first.stop();
    const files = await bench.files();
    // Another one may have been under way.
    const whole = files.filter((name) => name.endsWith("/manifest.json"));
    const data = whole.map((name) => name.replace(/manifest.json$/, "data.mdb.zst"));
    expect(data.length).toBeGreaterThan(1);
    await bench.overwrite(data.at(-1)!, (content) => {
      content[content.length >> 1]! ^= 1;
      return content;
    });
    const next = await bench.start(server.url());
    await expectEqual(next);
    expect(next.copiedRows()).toBe(0);
    expect(next.log.text()).toContain("is damaged");
  });

  test.each([
    ["ALTER TABLE t ADD COLUMN z int DEFAULT 5"],
    ["ALTER TABLE t ADD z int; UPDATE t SET z = 1 WHERE id < 50; ALTER TABLE t DROP z"],
    ["TRUNCATE t; INSERT INTO t VALUES (1, 1, 1, 'one')"],
    ["RENAME TABLE t TO other; CREATE TABLE t LIKE other; INSERT INTO t VALUES (1, 1, 1, 'one')"],
  ])("what was done to a table since the backup is seen: %s", async (ddl) => {
    await backedUp();
    await direct.query(ddl);
    const next = await bench.start(server.url());
    await expectEqual(next);
    await direct.query("INSERT INTO t (id, g, n, v) VALUES (-1, 3, 0, 'after')");
    await expectEqual(next);
  });
});
