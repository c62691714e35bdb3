import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Running, copyAll, until } from "../testing.ts";
import {
  FLAVOURS,
  type TestServer,
  assemble,
  startServer,
  startUpstream,
  tableLines,
} from "./testing.ts";

describe.each(FLAVOURS)("%s: copy and stream", (flavour) => {
  let server: TestServer;
  let running: Running;

  beforeAll(async () => {
    server = await startServer(flavour);
    running = await startUpstream(server.server.url());
  });
  afterAll(async () => {
    await running.close();
    await server.stop();
  });

  test("inserts, updates and deletes arrive as they were committed", async () => {
    const { admin } = server;
    await admin.query(
      "CREATE TABLE film (id INT PRIMARY KEY, title VARCHAR(50), rate DECIMAL(4,2))",
    );
    await admin.query("INSERT INTO film VALUES (1, 'One', 1.50), (2, 'Two', NULL)");
    const schema = await running.table("film");
    expect(await running.upstream.addTables([schema])).toEqual([]);
    const copy = await copyAll(running.upstream, schema);
    expect(copy.rows).toHaveLength(2);
    await admin.query("INSERT INTO film VALUES (3, 'Drei ß 😀', 0)");
    await admin.query("UPDATE film SET title = 'Zwei', id = 20 WHERE id = 2");
    await admin.query("DELETE FROM film WHERE id = 1");
    await running.caughtUp();
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
    expect(running.recorder.transactions.every((each) => !each.partial)).toBe(true);
  });

  test("every kind of value is the same from the copy and from the stream", async () => {
    const { admin } = server;
    const json = flavour === "mysql" ? "j JSON," : "";
    await admin.query(`CREATE TABLE kinds (id BIGINT UNSIGNED PRIMARY KEY, ti TINYINT, si SMALLINT UNSIGNED,
      mi MEDIUMINT, i INT UNSIGNED, bi BIGINT, b1 BIT(1), b64 BIT(64), d DECIMAL(30,10), f FLOAT, db DOUBLE,
      da DATE, dt DATETIME(6), ts TIMESTAMP(3) NULL, t TIME(2), y YEAR, c CHAR(10), vc VARCHAR(200),
      l1 VARCHAR(20) CHARACTER SET latin1, tx TEXT, bin BINARY(6), vb VARBINARY(20), bl BLOB,
      e ENUM('a','b''c','ß'), s SET('x','y','z'), ${json} z INT(6) ZEROFILL, g INT AS (i * 2) STORED,
      v INT AS (ti + 1) VIRTUAL)`);
    const insert = async (id: string): Promise<void> => {
      const columns = `id,ti,si,mi,i,bi,b1,b64,d,f,db,da,dt,ts,t,y,c,vc,l1,tx,bin,vb,bl,e,s,${json && "j,"}z`;
      const doc = json && `'{"b": 1.50, "a": [true, null, "ü"]}',`;
      await admin.query(
        `SET time_zone = '+02:00', sql_mode = '';
         INSERT INTO kinds (${columns}) VALUES (${id}1, -128, 65535, -8388608, 4294967295,
         -9223372036854775808, b'1', b'${"1".repeat(64)}', -12345678901234567890.1234567891, 0.1,
         1e-300, '2024-02-29', '2024-02-29 23:59:59.123456', '2024-02-29 23:59:59.123', '-838:59:59',
         2155, 'ab  ', '日本 😀', 'é€ÿ', REPEAT('long ', 500), X'010000', X'00FF', X'DEADBEEF00',
         'ß', 'x,z', ${doc} 42);
         INSERT INTO kinds (${columns}) VALUES (${id}2, 0, 0, 0, 0, 0, 0, 0, 0, -3.4e38, 0,
         '0000-00-00', '0000-00-00', '0000-00-00', '00:00:00', 0, '', '', '', '', '', '', '', 'nope',
         '', ${json && "'[]',"} 0);
         INSERT INTO kinds (id) VALUES (${id}3)`,
      );
    };
    await insert("1");
    const schema = await running.table("kinds");
    expect(schema.columns.map((column) => column.name)).toEqual(expect.arrayContaining(["g", "v"]));
    expect(await running.upstream.addTables([schema])).toEqual([]);
    const copy = await copyAll(running.upstream, schema);
    await insert("2");
    await admin.query("UPDATE kinds SET ti = 7, f = f / 3, tx = NULL WHERE id > 20");
    await admin.query("DELETE FROM kinds WHERE id = 21");
    await running.caughtUp();
    expect(running.recorder.schemaChanges).toEqual([]);
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
  });

  if (flavour === "mysql") {
    test("a text that ends within a character is not copied", async () => {
      const { admin } = server;
      await admin.query(
        `SET sql_mode = '';
       CREATE TABLE odd (id INT PRIMARY KEY, t TEXT) CHARSET utf8mb4;
       INSERT INTO odd VALUES (1, '\uFFFD');
       CREATE TABLE cut (id INT PRIMARY KEY, t TEXT) CHARSET utf8mb4;
       INSERT INTO cut SELECT 1, REPEAT('é', 40000) UNION SELECT 2, ''`,
      );
      const [odd, cut] = [await running.table("odd"), await running.table("cut")];
      expect(await running.upstream.addTables([odd, cut])).toEqual([]);
      expect((await copyAll(running.upstream, odd)).rows).toEqual([[1, "\uFFFD"]]);
      await expect(copyAll(running.upstream, cut)).rejects.toThrow("not valid UTF-8");
      await running.upstream.removeTables([odd.id, cut.id]);
    });
  }

  test("a table without a key is a bag of whole rows", async () => {
    const { admin } = server;
    await admin.query(
      "CREATE TABLE bag (a INT, b VARCHAR(10), v INT AS (a * 2) VIRTUAL, w VARCHAR(20) AS (UPPER(b)) VIRTUAL); INSERT INTO bag (a, b) VALUES (1, 'x'), (1, 'x')",
    );
    const schema = await running.table("bag");
    expect(schema.key).toBeNull();
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    await admin.query(
      "INSERT INTO bag (a, b) VALUES (1, 'x'), (NULL, NULL); DELETE FROM bag WHERE a = 1 LIMIT 1",
    );
    await admin.query("UPDATE bag SET b = 'y' LIMIT 1");
    await running.caughtUp();
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
  });

  test("rollbacks leave nothing, TRUNCATE empties, and others' tables move the position", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE t1 (id INT PRIMARY KEY); INSERT INTO t1 VALUES (1)");
    const schema = await running.table("t1");
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    const seen = running.recorder.transactions.length;
    await admin.query("BEGIN; INSERT INTO t1 VALUES (2); ROLLBACK");
    await admin.query("CREATE TABLE other (id INT); INSERT INTO other VALUES (1)");
    await admin.query(
      "BEGIN; INSERT INTO t1 VALUES (3); SAVEPOINT s; INSERT INTO t1 VALUES (4); ROLLBACK TO s; COMMIT",
    );
    await running.caughtUp();
    expect(running.recorder.transactions.slice(seen)).toHaveLength(1);
    await admin.query("TRUNCATE TABLE t1; INSERT INTO t1 VALUES (5)");
    await running.caughtUp();
    expect(running.recorder.schemaChanges).toEqual([]);
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(['"5"']);
  });

  test("a large transaction comes in parts, and only the last one has its end", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE large (id INT PRIMARY KEY AUTO_INCREMENT, v INT)");
    const schema = await running.table("large");
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    const seen = running.recorder.transactions.length;
    let releases = 0;
    running.recorder.accept = () => {
      // The queue is full every time: the stream must wait, and go on when told.
      releases += 1;
      setImmediate(() => running.recorder.ready?.());
      return false;
    };
    const values = Array.from({ length: 17_000 }, (_, index) => `(${index})`).join();
    await admin.query(`INSERT INTO large (v) VALUES ${values}`);
    await running.caughtUp();
    running.recorder.accept = () => true;
    const parts = running.recorder.transactions.slice(seen);
    expect(parts.map((part) => part.partial)).toEqual([...parts.slice(1).map(() => true), false]);
    expect(parts.length).toBeGreaterThan(2);
    expect(releases).toBe(parts.length);
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
  });

  test("compressed transactions are decoded", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE packed (id INT PRIMARY KEY, v TEXT)");
    const schema = await running.table("packed");
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    const client = await server.connect();
    const on =
      flavour === "mysql"
        ? "SET binlog_transaction_compression = ON"
        : "SET GLOBAL log_bin_compress = 1";
    await client.query(on);
    const fresh = flavour === "mysql" ? client : await server.connect();
    await fresh.query(`BEGIN; INSERT INTO packed VALUES (1, REPEAT('a', 9000)), (2, REPEAT('b', 9000));
      UPDATE packed SET v = CONCAT(v, 'c') WHERE id = 2; COMMIT`);
    if (flavour === "mariadb") await client.query("SET GLOBAL log_bin_compress = 0");
    await running.caughtUp();
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
    expect(running.recorder.transactions.at(-1)?.changes).toHaveLength(3);
  });

  test("an XA transaction counts when it is committed, even if the table was copied in between", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE xa (id INT PRIMARY KEY)");
    const schema = await running.table("xa");
    await running.upstream.addTables([schema]);
    const client = await server.connect();
    await client.query("XA START 'one'; INSERT INTO xa VALUES (1); XA END 'one'; XA PREPARE 'one'");
    await running.caughtUp();
    const other = await server.connect();
    await other.query(
      "XA START 'two','b',7; INSERT INTO xa VALUES (2); XA END 'two','b',7; XA PREPARE 'two','b',7",
    );
    await other.query("XA ROLLBACK 'two','b',7");
    await other.query(
      "XA START 'three'; INSERT INTO xa VALUES (3); XA END 'three'; XA COMMIT 'three' ONE PHASE",
    );
    await running.caughtUp();
    const before = running.recorder.transactions.length;
    await client.query("XA COMMIT 'one'");
    await running.caughtUp();
    expect(
      running.recorder.transactions.slice(before).flatMap((each) => each.changes),
    ).toHaveLength(1);
    const copy = await copyAll(running.upstream, schema);
    expect(copy.rows).toHaveLength(2);
    const mirror = assemble(
      schema,
      { rows: [], includes: () => false },
      running.recorder.transactions,
    );
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
  });

  test(
    "copies taken while everybody writes lose and double nothing",
    { timeout: 60_000 },
    async () => {
      const { admin } = server;
      await admin.query("CREATE TABLE busy (id INT PRIMARY KEY, v INT NOT NULL)");
      const rows = Array.from({ length: 30_000 }, (_, index) => `(${index * 2}, 0)`).join();
      await admin.query(`INSERT INTO busy VALUES ${rows}; ANALYZE TABLE busy`);
      let stopped = false;
      const write = async (number: number): Promise<void> => {
        const client = await server.connect();
        for (let step = 0; !stopped; step += 1) {
          const id = (number * 7919 + step * 31) % 60_000;
          await client
            .query(
              `BEGIN; UPDATE busy SET v = v + 1 WHERE id BETWEEN ${id} AND ${id + 20};
           DELETE FROM busy WHERE id = ${(id * 7) % 60_000}; REPLACE INTO busy VALUES (${id + 1}, ${step}); COMMIT`,
            )
            .catch((error: unknown) => {
              if (!/Deadlock|Lock wait/.test(String(error))) throw error;
              return client.query("ROLLBACK");
            });
        }
      };
      const writers = [1, 2, 3].map(write);
      for (let round = 0; round < 4; round += 1) {
        const schema = await running.table("busy");
        await running.upstream.addTables([schema]);
        const first = running.recorder.transactions.length;
        const copy = await copyAll(running.upstream, schema);
        if (round === 3) {
          stopped = true;
          await Promise.all(writers);
        }
        await running.caughtUp();
        const mirror = assemble(schema, copy, running.recorder.transactions.slice(first));
        if (round === 3) expect(mirror.lines()).toEqual(await tableLines(admin, schema));
      }
      expect(running.recorder.schemaChanges).toEqual([]);
    },
  );

  test(
    "a large table is read by several sessions that see the same",
    { timeout: 60_000 },
    async () => {
      const { admin } = server;
      await admin.query(
        "CREATE TABLE wide (id BIGINT PRIMARY KEY AUTO_INCREMENT, v INT, t VARCHAR(40))",
      );
      await admin.query("INSERT INTO wide (v, t) VALUES (1, 'x')");
      for (let power = 0; power < 18; power += 1) {
        await admin.query("INSERT INTO wide (v, t) SELECT v + 1, CONCAT('text ', id) FROM wide");
      }
      await admin.query("ANALYZE TABLE wide");
      const schema = await running.table("wide");
      await running.upstream.addTables([schema]);
      const first = running.recorder.transactions.length;
      let stopped = false;
      const writer = await server.connect();
      const writing = (async () => {
        while (!stopped) await writer.query("UPDATE wide SET v = -v WHERE id % 50000 = 7");
      })();
      const copy = await copyAll(running.upstream, schema);
      stopped = true;
      await writing;
      await running.caughtUp();
      expect(copy.rows).toHaveLength(2 ** 18);
      const mirror = assemble(schema, copy, running.recorder.transactions.slice(first));
      expect(mirror.lines()).toEqual(await tableLines(admin, schema));
    },
  );

  test("a writer that takes its time delays a copy and is not delayed itself", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE held (id INT PRIMARY KEY); INSERT INTO held VALUES (1)");
    const schema = await running.table("held");
    await running.upstream.addTables([schema]);
    const client = await server.connect();
    await client.query("BEGIN; INSERT INTO held VALUES (2)");
    let copied = false;
    const copying = copyAll(running.upstream, schema).finally(() => (copied = true));
    if (flavour === "mysql") {
      await until("the copy waits", async () => {
        const [rows] = await admin.query("SHOW PROCESSLIST");
        return (rows as { Info: string | null }[]).some(
          (row) => row.Info?.startsWith("LOCK TABLES") === true,
        );
      });
      expect(copied).toBe(false);
    }
    await client.query("INSERT INTO held VALUES (3); COMMIT");
    const copy = await copying;
    await running.caughtUp();
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(['"1"', '"2"', '"3"']);
  });

  test("who alters a table while it is copied waits, and nobody waits for ever", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE altered (id INT PRIMARY KEY); INSERT INTO altered VALUES (1)");
    const schema = await running.table("altered");
    await running.upstream.addTables([schema]);
    const copy = await running.upstream.copyTable(schema, new AbortController().signal);
    const client = await server.connect();
    const altering = client.query("ALTER TABLE altered ADD x INT");
    await until("the ALTER waits", async () => {
      const [rows] = await admin.query("SHOW PROCESSLIST");
      return (rows as { State: string | null }[]).some(
        (row) => row.State?.includes("metadata lock") === true,
      );
    });
    const second = running.upstream
      .copyTable(schema, new AbortController().signal)
      .catch((error: unknown) => error);
    let rows = 0;
    for await (const batch of copy.rows()) rows += batch.length;
    await copy.close();
    await altering;
    expect(rows).toBe(1);
    expect(String(await second)).toContain("changed before it could be copied");
    await running.caughtUp();
    expect(running.recorder.schemaChanges.at(-1)).toEqual([schema.id]);
  });

  test("a copy can be cancelled at any time", async () => {
    const schema = await running.table("wide");
    await running.upstream.addTables([schema]);
    const abort = new AbortController();
    const copy = await running.upstream.copyTable(schema, abort.signal);
    const reading = (async () => {
      for await (const batch of copy.rows()) if (batch.length > 0) abort.abort();
    })();
    await expect(reading).rejects.toThrow("cancelled");
    await copy.close();
    await running.caughtUp();
  });

  test("the stream and copies work over TLS", async () => {
    if (flavour === "mariadb") return; // 10.11 has no certificate unless given one.
    const secure = await startUpstream(`${server.server.url()}?ssl-mode=REQUIRED`);
    const schema = await secure.table("film");
    await secure.upstream.addTables([schema]);
    const copy = await copyAll(secure.upstream, schema);
    await server.admin.query("INSERT INTO film VALUES (77, 'TLS', 1)");
    await secure.caughtUp();
    const mirror = assemble(schema, copy, secure.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(server.admin, schema));
    const [rows] = await server.admin.query(
      `SELECT COUNT(*) AS n FROM performance_schema.status_by_thread
       WHERE VARIABLE_NAME = 'Ssl_cipher' AND VARIABLE_VALUE <> ''`,
    );
    expect((rows as { n: number }[])[0]!.n).toBeGreaterThan(0);
    await secure.close();
  });
});
