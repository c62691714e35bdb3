import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TableSchema } from "@freshet/types";
import { UpstreamError } from "../contract.ts";
import { type Running, copyAll } from "../testing.ts";
import {
  FLAVOURS,
  TEST,
  type TestServer,
  assemble,
  newUpstream,
  startServer,
  startUpstream,
  tableLines,
} from "./testing.ts";

describe.each(FLAVOURS)("%s: catalogue", (flavour) => {
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

  async function lookUp(name: string, scope = TEST): Promise<TableSchema | { refused: string }> {
    const catalog = await running.upstream.catalog(scope);
    const parts = name.split(".");
    return catalog.table(parts.length > 1 ? parts[0]! : null, parts.at(-1)!);
  }

  test("keys: the primary key, and unique indexes over whole columns that are never null", async () => {
    await server.admin
      .query(`CREATE TABLE k (b VARCHAR(10) NOT NULL, a INT NOT NULL, n INT, c TEXT NOT NULL,
      PRIMARY KEY (a, b), UNIQUE ua (b), UNIQUE un (n), UNIQUE up (c(5)), KEY plain (b, n))`);
    const schema = await running.table("k");
    expect(schema.columns.map(({ name, number, notNull }) => [name, number, notNull])).toEqual([
      ["b", 1, true],
      ["a", 2, true],
      ["n", 3, false],
      ["c", 4, true],
    ]);
    expect(schema.key).toEqual([1, 0]);
    expect(schema.uniqueKeys).toEqual([[1, 0], [0]]);
  });

  test("names are found by schema and default schema, and have the same number tomorrow", async () => {
    await server.admin.query(
      "CREATE TABLE named (id INT PRIMARY KEY); CREATE DATABASE IF NOT EXISTS alt; CREATE TABLE alt.named (x INT PRIMARY KEY)",
    );
    const own = (await lookUp("named")) as TableSchema;
    const alt = (await lookUp("named", JSON.stringify({ db: "alt", modes: [] }))) as TableSchema;
    expect(alt).toEqual(await lookUp("alt.named"));
    expect(alt.id).not.toBe(own.id);
    const again = await startUpstream(server.server.url(), { stream: false });
    expect((await again.table("named")).id).toBe(own.id);
    await again.close();
    expect(await lookUp("named", JSON.stringify({ db: "", modes: [] }))).toEqual({
      refused: 'no schema is selected to find "named" in',
    });
    expect(await lookUp("mysql.user")).toEqual({ refused: "mysql.user is a system table" });
    expect(await lookUp("nope")).toEqual({ refused: 'table "test.nope" does not exist' });
  });

  test("what cannot be followed is refused with the fix", async () => {
    await server.admin
      .query(`CREATE TABLE m (id INT PRIMARY KEY) ENGINE = MyISAM; CREATE VIEW vw AS SELECT 1 AS a;
      CREATE TABLE g (p GEOMETRY)`);
    expect(await lookUp("m")).toMatchObject({
      refused: expect.stringContaining("ENGINE = InnoDB") as string,
    });
    expect(await lookUp("vw")).toMatchObject({
      refused: expect.stringContaining("is a view") as string,
    });
    expect(await lookUp("g")).toMatchObject({
      refused: expect.stringContaining("geometry") as string,
    });
  });

  test("columns that cannot be kept are left out, and the rest is followed", async () => {
    await server.admin
      .query(`CREATE TABLE partly (id INT PRIMARY KEY, g GEOMETRY, s VARCHAR(10) CHARACTER SET sjis,
      h INT INVISIBLE, t VARCHAR(10)); INSERT INTO partly (id, g, s, h, t) VALUES (1, POINT(1, 2), 'x', 5, 'y')`);
    const schema = await running.table("partly");
    expect(schema.columns.map(({ name, hidden }) => [name, hidden === true])).toEqual([
      ["id", false],
      ["h", true],
      ["t", false],
    ]);
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    await server.admin.query(
      "UPDATE partly SET h = 6, g = POINT(3, 4), t = 'z'; INSERT INTO partly (id, h) VALUES (2, 7)",
    );
    await running.caughtUp();
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(server.admin, schema));
  });

  test("cascading foreign keys are followed where they are logged, and refused where not", async () => {
    await server.admin
      .query(`CREATE TABLE parent (id INT PRIMARY KEY); CREATE TABLE child (id INT PRIMARY KEY, p INT,
      FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE SET NULL);
      INSERT INTO parent VALUES (1), (2), (3); INSERT INTO child VALUES (1, 1), (2, 1), (3, 2), (4, 3)`);
    const child = await lookUp("child");
    if (flavour === "mariadb") {
      expect(child).toMatchObject({
        refused: expect.stringContaining("RESTRICT or NO ACTION") as string,
      });
      return;
    }
    const schema = child as TableSchema;
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    await server.admin.query(
      "DELETE FROM parent WHERE id = 1; UPDATE parent SET id = 20 WHERE id = 2",
    );
    await running.caughtUp();
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(server.admin, schema));
    expect(mirror.lines()).toHaveLength(2);
  });

  if (flavour === "mariadb") {
    test("cascades are found by an account that may only read, and hashed keys are refused", async () => {
      await server.admin.query(`CREATE TABLE senior (id INT PRIMARY KEY);
        CREATE TABLE junior (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES senior (id) ON DELETE CASCADE);
        CREATE TABLE long_key (id INT PRIMARY KEY, t TEXT, UNIQUE whole (t));
        CREATE USER reader@'%' IDENTIFIED BY 'r';
        GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO reader@'%'`);
      const upstream = newUpstream(server.server.url("test", "reader", "r"));
      const junior = (await upstream.catalog(TEST)).table(null, "junior") as TableSchema;
      expect(await upstream.addTables([junior])).toEqual([
        { table: junior.id, refused: expect.stringContaining("RESTRICT or NO ACTION") as string },
      ]);
      await upstream.close();
      expect(await lookUp("long_key")).toMatchObject({
        refused: expect.stringContaining('"whole"') as string,
      });
    });
  }

  test("describing gives the result's columns in the session's sql_mode, and errors as they are", async () => {
    await server.admin.query(
      "CREATE TABLE d (id BIGINT UNSIGNED PRIMARY KEY, n DECIMAL(8,2), t VARCHAR(20), e ENUM('a'), dt DATETIME(3))",
    );
    const scope = JSON.stringify({ db: "test", modes: ["ANSI_QUOTES", "PIPES_AS_CONCAT"] });
    const text =
      'SELECT x.id AS "der Schlüssel", n, t || ? AS c, e, dt, COUNT(*) FROM d x WHERE id = ? GROUP BY x.id, n, t, e, dt';
    const { columns, parameterTypeIds } = await running.upstream.describe(text, scope);
    expect(parameterTypeIds).toHaveLength(2);
    expect(columns.map(({ name, type }) => [name, type.kind, type.unsigned === true])).toEqual([
      ["der Schlüssel", "bigint", true],
      ["n", "decimal", false],
      ["c", "text", false],
      ["e", "enum", false],
      ["dt", "civildatetime", false],
      ["COUNT(*)", "bigint", false],
    ]);
    expect(columns[0]!.wire).toMatchObject({
      schema: "test",
      table: "x",
      originalTable: "d",
      originalName: "id",
    });
    expect(columns[1]!.type.modifier).toBe((8 << 8) | 2);
    expect(columns[4]!.type.modifier).toBe(3);
    const failure = await running.upstream
      .describe("SELECT nope FROM d", TEST)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UpstreamError);
    expect(failure).toMatchObject({ code: "42S22", number: 1054 });
    const bare = await running.upstream
      .describe("SELECT id FROM d", JSON.stringify({ db: "", modes: [] }))
      .catch((error: unknown) => error);
    expect(bare).toMatchObject({ number: 1046 });
    expect((await running.upstream.describe("SELECT id FROM test.d", TEST)).columns).toHaveLength(
      1,
    );
  });

  test("privileges: of the account itself, down to columns", async () => {
    const { admin } = server;
    await admin.query(`CREATE TABLE secret (id INT PRIMARY KEY, open INT, closed INT); CREATE DATABASE IF NOT EXISTS a_b;
      CREATE TABLE a_b.t (id INT); CREATE DATABASE IF NOT EXISTS axb; CREATE TABLE axb.t (id INT)`);
    await admin.query(`CREATE USER everything@'%'; GRANT SELECT ON *.* TO everything@'%';
      CREATE USER one@'%'; GRANT SELECT ON test.secret TO one@'%';
      CREATE USER columns@'%'; GRANT SELECT (id, open) ON test.secret TO columns@'%';
      CREATE USER whole@'%'; GRANT SELECT ON \`a\\_b\`.* TO whole@'%'; CREATE USER none@'%'; GRANT INSERT ON *.* TO none@'%'`);
    const secret = await running.table("secret");
    const [ab, axb] = [
      (await lookUp("a_b.t")) as TableSchema,
      (await lookUp("axb.t")) as TableSchema,
    ];
    const may = (role: string, table: TableSchema, columns: number[]) =>
      running.upstream.mayRead(role, [{ table: table.id, columns }]);
    expect(await may("everything@%", secret, [1, 2, 3])).toBe(true);
    expect(await may("root@localhost", secret, [1, 2, 3])).toBe(true);
    expect(await may("one@%", secret, [1, 2, 3])).toBe(true);
    expect(await may("one@%", ab, [1])).toBe(false);
    expect(await may("columns@%", secret, [1, 2])).toBe(true);
    expect(await may("columns@%", secret, [])).toBe(true);
    expect(await may("columns@%", secret, [1, 3])).toBe(false);
    expect(await may("whole@%", ab, [1])).toBe(true);
    expect(await may("whole@%", axb, [1])).toBe(false);
    expect(await may("none@%", secret, [])).toBe(false);
    expect(await may("nobody@%", secret, [1])).toBe(false);
    if (flavour === "mysql") {
      await admin.query(
        "SET GLOBAL partial_revokes = ON; REVOKE SELECT ON test.* FROM everything@'%'",
      );
      expect(await may("everything@%", secret, [1])).toBe(false);
      expect(await may("everything@%", ab, [1])).toBe(true);
    }
  });

  test("verification names what is missing and how to fix it", async () => {
    const fine = await running.upstream.verify();
    expect(fine.filter((finding) => !finding.ok)).toEqual([]);
    await server.admin.query(
      "CREATE USER poor@'%' IDENTIFIED BY 'p'; SET GLOBAL binlog_row_image = 'MINIMAL'",
    );
    const poor = newUpstream(server.server.url("", "poor", "p"));
    const findings = await poor.verify();
    await poor.close();
    const failed = findings.filter((finding) => !finding.ok);
    expect(failed.map((finding) => finding.check)).toEqual(
      expect.arrayContaining(["binlog_row_image", "privileges", "log positions", "select"]),
    );
    expect(
      failed.every(
        (finding) => /run |set /i.test(finding.message) || finding.check === "binary logs",
      ),
    ).toBe(true);
    await expect(running.upstream.connect(new AbortController().signal)).rejects.toThrow(
      "binlog_row_image",
    );
    await server.admin.query("SET GLOBAL binlog_row_image = 'FULL'");
    const wrong = newUpstream(server.server.url("test", "root", "wrong"));
    expect(await wrong.verify()).toMatchObject([{ ok: false, check: "reachable" }]);
    await wrong.close();
  });

  test("health tells how far the stream has come", async () => {
    await running.caughtUp();
    const health = await running.upstream.health();
    expect(health).toMatchObject({ active: true, lagBytes: 0, lost: null });
    expect(health.retainedBytes).toBeGreaterThan(0);
  });
});
