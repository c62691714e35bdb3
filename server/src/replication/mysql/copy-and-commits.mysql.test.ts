import { systemClock } from "@freshet/util";
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

describe.each(FLAVOURS)("%s: copies while others commit", (flavour) => {
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

  if (flavour === "mariadb") {
    test("a transaction that is in the log and not committed yet is not lost", async () => {
      const { admin } = server;
      await admin.query("CREATE TABLE slow (id INT PRIMARY KEY); INSERT INTO slow VALUES (1)");
      await running.caughtUp();
      // With nobody to acknowledge, a commit waits between the log and the engine.
      await admin.query(`SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC';
        SET GLOBAL rpl_semi_sync_master_timeout = 1500; SET GLOBAL rpl_semi_sync_master_enabled = 1`);
      const writer = await server.connect();
      const before = await running.upstream.currentPosition();
      const writing = writer.query("INSERT INTO slow VALUES (2)");
      await until(
        "it is in the log",
        async () => running.upstream.compare(await running.upstream.currentPosition(), before) > 0,
      );
      const schema = await running.table("slow");
      await running.upstream.addTables([schema]);
      const copy = await copyAll(running.upstream, schema);
      await writing;
      await admin.query("SET GLOBAL rpl_semi_sync_master_enabled = 0");
      await running.caughtUp();
      expect(assemble(schema, copy, running.recorder.transactions).lines()).toEqual(
        await tableLines(admin, schema),
      );
    });
  }

  test("an XA transaction prepared before the table was added is not lost", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE prepared (id INT PRIMARY KEY)");
    const writer = await server.connect();
    await writer.query("XA START 'a'; INSERT INTO prepared VALUES (1); XA END 'a'; XA PREPARE 'a'");
    await running.caughtUp();
    const schema = await running.table("prepared");
    await running.upstream.addTables([schema]);
    // MySQL's waits for the writer.
    const copying = copyAll(running.upstream, schema).catch(() => null);
    if (flavour === "mariadb") await copying;
    await writer.query("XA COMMIT 'a'");
    await copying;
    await running.caughtUp();
    expect(running.recorder.schemaChanges.flat()).toContain(schema.id);
  });

  test("a large XA transaction is not seen before it is committed, nor when it never is", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE large (id INT PRIMARY KEY)");
    const schema = await running.table("large");
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    const writer = await server.connect();
    const numbers = Array.from({ length: 12_000 }, (_, index) => `(${index})`).join();
    const change = (xid: string): Promise<unknown> =>
      writer.query(
        `XA START '${xid}'; INSERT INTO large VALUES ${numbers}; XA END '${xid}'; XA PREPARE '${xid}'`,
      );
    const lines = () => assemble(schema, copy, running.recorder.transactions).lines();
    await change("b");
    await running.caughtUp();
    expect(
      running.recorder.changes().some((each) => "table" in each && each.table === schema.id),
    ).toBe(false);
    await writer.query("XA ROLLBACK 'b'");
    await running.caughtUp();
    expect(lines()).toEqual([]);
    await change("c");
    await writer.query("XA COMMIT 'c'");
    await running.caughtUp();
    expect(lines()).toHaveLength(12_000);
  });

  test("once there was an XA COMMIT, a copy waits for those who write the table", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE held (id INT PRIMARY KEY)");
    const writer = await server.connect();
    await writer.query("XA START 'd'; INSERT INTO held VALUES (1); XA END 'd'; XA PREPARE 'd'");
    await writer.query("XA COMMIT 'd'");
    await writer.query("BEGIN; INSERT INTO held VALUES (2)");
    const schema = await running.table("held");
    await running.upstream.addTables([schema]);
    const copying = copyAll(running.upstream, schema);
    const sessions =
      "SELECT COUNT(*) AS waiting FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%'";
    await until("the copy waits", async () => {
      const [rows] = await admin.query(sessions);
      return Number((rows as { waiting: number }[])[0]!.waiting) > 0;
    });
    await writer.query("COMMIT");
    const copy = await copying;
    await running.caughtUp();
    expect(assemble(schema, copy, running.recorder.transactions).lines()).toEqual(['"1"', '"2"']);
  });

  if (flavour === "mysql") {
    test("a table that always has a writer is copied, exactly", async () => {
      const { admin } = server;
      await admin.query("CREATE TABLE busy (id INT PRIMARY KEY AUTO_INCREMENT, v INT)");
      const writers = [await server.connect(), await server.connect()];
      const begin = (index: number) =>
        writers[index]!.query(
          "BEGIN; INSERT INTO busy (v) VALUES (1); UPDATE busy SET v = v + 1 ORDER BY id DESC LIMIT 1",
        );
      await begin(0);
      let copied = false;
      const writing = (async () => {
        for (let turn = 1; !copied; turn += 1) {
          // The next one begins before the last one ends, unless it has to wait.
          const next = begin(turn % 2);
          await Promise.race([next, systemClock.wait(50)]);
          await writers[(turn + 1) % 2]!.query("COMMIT");
          await next;
        }
        for (const writer of writers) await writer.query("COMMIT");
      })();
      const schema = await running.table("busy");
      await running.upstream.addTables([schema]);
      const copy = await copyAll(running.upstream, schema);
      copied = true;
      await writing;
      await running.caughtUp();
      expect(assemble(schema, copy, running.recorder.transactions).lines()).toEqual(
        await tableLines(admin, schema),
      );
    }, 30_000);
  }

  test("a copy that is in the way of whoever alters the table ends", async () => {
    const { admin } = server;
    await admin.query("CREATE TABLE altered (id INT PRIMARY KEY); INSERT INTO altered VALUES (1)");
    const schema = await running.table("altered");
    await running.upstream.addTables([schema]);
    const copy = await running.upstream.copyTable(schema, new AbortController().signal);
    const rows = copy.rows()[Symbol.asyncIterator]();
    await rows.next();
    await admin.query("ALTER TABLE altered COMMENT = 'x', ADD COLUMN v INT");
    await expect(rows.next()).rejects.toThrow("gave way");
    await copy.close();
  });

  test("the server's limits for statements do not shorten a copy", async () => {
    const { admin } = server;
    await admin.query(
      "CREATE TABLE many (id INT PRIMARY KEY); INSERT INTO many VALUES (1),(2),(3)",
    );
    await admin.query("SET GLOBAL sql_select_limit = 2");
    try {
      const schema = await running.table("many");
      await running.upstream.addTables([schema]);
      expect((await copyAll(running.upstream, schema)).rows).toHaveLength(3);
    } finally {
      await admin.query("SET GLOBAL sql_select_limit = DEFAULT");
    }
  });
});
