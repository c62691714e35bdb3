import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Running, copyAll } from "../testing.ts";
import {
  FLAVOURS,
  type TestServer,
  assemble,
  startServer,
  startUpstream,
  tableLines,
} from "./testing.ts";

/** As little in the log as a server may write, and names without case where that can be set. */
const SETTINGS = {
  mysql: {
    binlog_row_metadata: "MINIMAL",
    binlog_checksum: "NONE",
    gtid_mode: "OFF",
    enforce_gtid_consistency: "OFF",
  },
  mariadb: { binlog_row_metadata: "NO_LOG", binlog_checksum: "NONE", lower_case_table_names: "1" },
};

describe.each(FLAVOURS)("%s: a server with other settings", (flavour) => {
  let server: TestServer;
  let running: Running;

  beforeAll(async () => {
    server = await startServer(flavour, { ...SETTINGS[flavour], max_allowed_packet: "128M" });
    running = await startUpstream(server.server.url());
  });
  afterAll(async () => {
    await running.close();
    await server.stop();
  });

  test("values are the same without metadata and checksums", async () => {
    const { admin } = server;
    await admin.query(`CREATE TABLE kinds (id BIGINT UNSIGNED PRIMARY KEY, u INT UNSIGNED, i INT, d DECIMAL(20,4),
      l1 VARCHAR(20) CHARACTER SET latin1, t TEXT, bin BINARY(6), b BLOB, e ENUM('a','ö'), s SET('x','y'),
      dt DATETIME(6), ts TIMESTAMP(6) NULL, y YEAR, bt BIT(12))`);
    const values = (id: number): string =>
      `(18446744073709551${600 + id}, 4294967295, -5, -1.5, 'é€', 'ü😀', X'0100', X'00FF', 'ö', 'x,y',
        '2024-01-01 00:00:00.5', '2024-01-01 00:00:00.25', 1999, b'101')`;
    await admin.query(`INSERT INTO kinds VALUES ${values(1)}`);
    const schema = await running.table("kinds");
    expect(await running.upstream.addTables([schema])).toEqual([]);
    const copy = await copyAll(running.upstream, schema);
    await admin.query(`INSERT INTO kinds VALUES ${values(2)}, ${values(3)}`);
    await admin.query(
      "UPDATE kinds SET i = i - 1, t = CONCAT(t, '!'); DELETE FROM kinds WHERE id = 18446744073709551602",
    );
    await running.caughtUp();
    expect(running.recorder.schemaChanges).toEqual([]);
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
    await admin.query("ALTER TABLE kinds MODIFY u BIGINT");
    await running.caughtUp();
    expect(running.recorder.schemaChanges).toEqual([[schema.id]]);
  });

  test("rows and packets over 16 MB", { timeout: 30_000 }, async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE huge (id INT PRIMARY KEY, t LONGTEXT)");
    await admin.query("INSERT INTO huge VALUES (1, REPEAT('abcdefgh', 2200000))");
    const schema = await running.table("huge");
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    await admin.query("INSERT INTO huge SELECT id + 1, REVERSE(t) FROM huge");
    await admin.query("UPDATE huge SET t = CONCAT(t, 'x') WHERE id = 1");
    await running.caughtUp();
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines().map((line) => line.length)).toEqual(
      (await tableLines(admin, schema)).map((line) => line.length),
    );
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
  });

  test("a non-ASCII name is found in statements", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE `Füße` (id INT PRIMARY KEY)");
    const schema = await running.table(
      flavour === "mariadb" ? "FÜSSE".replace("SS", "ß").toLowerCase() : "Füße",
    );
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    await admin.query("INSERT INTO `Füße` VALUES (1)");
    await running.caughtUp();
    expect(assemble(schema, copy, running.recorder.transactions).lines()).toEqual(['"1"']);
    const before = running.recorder.schemaChanges.length;
    await admin.query("ALTER TABLE `Füße` ADD x INT");
    await running.caughtUp();
    expect(running.recorder.schemaChanges.slice(before)).toEqual([[schema.id]]);
  });
});
