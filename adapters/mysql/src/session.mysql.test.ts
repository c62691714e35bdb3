import { once } from "node:events";
import {
  CLIENT,
  COMMAND,
  executeCommand,
  packet,
  packets,
  prepareCommand,
  processKillCommand,
  queryCommand,
} from "@freshet/mysql-wire";
import mariadb from "mariadb";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { int } from "./testing/golden-scripts.ts";
import { RawClient, TEST_CAPABILITIES } from "./testing/raw-client.ts";
import { rowsOf } from "./testing/cached-query-router.ts";
import { adapterUnderTest, type AdapterUnderTest, FLAVOURS } from "./testing/setup.ts";

const INT = { kind: "int", upstreamId: 3, name: "int", modifier: -1 } as const;
const MEGABYTE = 1 << 20;

describe.each(FLAVOURS)("sessions before %s", (flavour) => {
  let under: AdapterUnderTest;

  const run = (client: RawClient, sql: string) =>
    client.run(queryCommand(Buffer.from(sql).toString("latin1"), client.capabilities));
  const value = async (client: RawClient, sql: string) =>
    rowsOf(await run(client, sql), client.capabilities, 1)[0]?.[0];

  beforeAll(async () => {
    under = await adapterUnderTest(flavour);
    const admin = await RawClient.connect(under.upstream.url());
    for (const sql of [
      "CREATE TABLE film (id INT PRIMARY KEY, title VARCHAR(20))",
      "INSERT INTO film VALUES (1,'Alien'),(2,'Brazil')",
      "CREATE TABLE big (id INT PRIMARY KEY AUTO_INCREMENT, b LONGBLOB)",
    ]) {
      expect((await run(admin, sql)).errorCode).toBe(0);
    }
    admin.close();
    await under.router.cache("SELECT title FROM film WHERE id = 1");
    await under.router.cache("SELECT title FROM film WHERE id = ?", [INT]);
  }, 60_000);

  afterAll(() => under.stop());

  /** Resolves when the condition holds. */
  async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
    await vi.waitFor(async () => expect(await holds()).toBe(true), { timeout: 10_000 });
  }

  async function running(sql: string): Promise<boolean> {
    const admin = await RawClient.connect(under.upstream.url());
    const like = `SELECT COUNT(*) FROM information_schema.processlist WHERE info = '${sql}'`;
    const found = await value(admin, like);
    admin.close();
    return found !== "0";
  }

  /** The server cannot write what such a statement returns. */
  async function stalled(like: string): Promise<boolean> {
    const admin = await RawClient.connect(under.upstream.url());
    const found = await value(
      admin,
      `SELECT COUNT(*) FROM information_schema.processlist
       WHERE info LIKE '${like}' AND state IN ('Sending to client', 'Writing to net')`,
    );
    admin.close();
    return found === "1";
  }

  test("drivers: mysql2 and mariadb, with hits in both protocols", async () => {
    const before = under.router.hits;
    const one = await createConnection(under.url());
    const other = await mariadb.createConnection(under.url().replace("mysql:", "mariadb:"));
    for (let round = 0; round < 3; round += 1) {
      const [text] = await one.query("SELECT title FROM film WHERE id = 1");
      const [bound] = await one.execute("SELECT title FROM film WHERE id = ?", [2]);
      expect([text, bound]).toEqual([[{ title: "Alien" }], [{ title: "Brazil" }]]);
      expect(await other.query("SELECT title FROM film WHERE id = 1")).toEqual([
        { title: "Alien" },
      ]);
      expect(await other.execute("SELECT title FROM film WHERE id = ?", [2])).toEqual([
        { title: "Brazil" },
      ]);
    }
    expect(`${under.router.hits - before} ${under.router.forwards.join()}`).toMatch(/^12/);
    expect(
      await other.batch("INSERT INTO film VALUES (?, ?)", [
        [10, "a"],
        [11, "b"],
      ]),
    ).toHaveLength(2);
    await other.query("DELETE FROM film WHERE id > 2");
    await one.end();
    await other.end();
  });

  test("commands sent without waiting are answered in order", async () => {
    const client = await RawClient.connect(under.url());
    const texts = [
      "SELECT title FROM film WHERE id = 1",
      "SELECT SLEEP(0.2)",
      "SELECT title FROM film WHERE id = 1",
      "SELECT 5",
    ];
    client.write(
      Buffer.concat(texts.map((one) => packet(0, queryCommand(one, client.capabilities)))),
    );
    const values = [];
    for (const _ of texts) {
      const reply = await client.reply(COMMAND.query);
      values.push(rowsOf(reply, client.capabilities, 1)[0]?.[0]);
    }
    expect(values).toEqual(["Alien", "0", "Alien", "5"]);
    client.close();
  });

  test("the statement prepared last may be executed before its id is known", async () => {
    const client = await RawClient.connect(under.url());
    for (const text of ["SELECT title FROM film WHERE id = ?", "SELECT id + ? FROM film"]) {
      client.write(
        Buffer.concat([
          packet(0, prepareCommand(text)),
          packet(0, executeCommand(0xffffffff, [int(1)])),
        ]),
      );
      expect((await client.reply(COMMAND.stmtPrepare)).errorCode).toBe(0);
      const reply = await client.reply(COMMAND.stmtExecute);
      expect([reply.errorCode, reply.packets.length > 3]).toEqual([0, true]);
    }
    client.close();
  });

  describe("KILL", () => {
    test.each(["KILL QUERY ", "kill /* it */ connection ", "command"])("%s", async (how) => {
      const client = await RawClient.connect(under.url());
      const killer = await RawClient.connect(under.url());
      expect(client.threadId).toBeGreaterThanOrEqual(2 ** 30);
      const sql = `SELECT SLEEP(20), '${how.replace(/\W/g, "")}'`;
      const reply = run(client, sql);
      await until(() => running(sql.replace(/'/g, "''")));
      const kill =
        how === "command"
          ? await killer.run(processKillCommand(client.threadId))
          : await run(killer, how + client.threadId);
      expect(kill.errorCode).toBe(0);
      const { packets: given, errorCode } = await reply;
      expect(errorCode !== 0 || client.closed || given.length > 0).toBe(true);
      if (how !== "KILL QUERY ") await until(() => client.closed);
      else expect(await value(client, "SELECT 1")).toBe("1");
      expect(await run(killer, `KILL ${client.threadId + 5000}`)).toMatchObject({
        errorCode: 1094,
      });
      client.close();
      killer.close();
    });

    test("of a client whose read waits for a fill", async () => {
      const client = await RawClient.connect(under.url());
      const killer = await RawClient.connect(under.url());
      await under.router.cache("SELECT title, id FROM film WHERE id = 2");
      under.router.fillDelayMs = 400;
      const { fillsAsked } = under.router;
      const reply = run(client, "SELECT title, id FROM film WHERE id = 2");
      await until(() => under.router.fillsAsked > fillsAsked);
      await run(killer, `KILL QUERY ${client.threadId}`);
      expect((await reply).errorCode).toBe(1317);
      under.router.fillDelayMs = 0;
      client.close();
      killer.close();
    });

    test("reaches clients of other threads", async () => {
      const keys: Buffer[] = [];
      const first = await under.another({
        threadIndex: 3,
        onForeignCancel: (thread, key) => {
          expect(thread).toBe(4);
          keys.push(key);
        },
      });
      const second = await under.another({ threadIndex: 4 });
      const url = (port: number) => `mysql://root:root@127.0.0.1:${port}/test`;
      const client = await RawClient.connect(url(second.port));
      const killer = await RawClient.connect(url(first.port));
      expect((await run(killer, `KILL ${client.threadId}`)).errorCode).toBe(0);
      for (const key of keys) second.cancel(key);
      await until(() => client.closed);
      killer.close();
    });
  });

  describe("large packets", () => {
    test("a statement of 64 MB and a row of 40 MB pass in parts", async () => {
      const client = await RawClient.connect(under.url());
      const head = Buffer.from(queryCommand("INSERT INTO big (b) VALUES ('", client.capabilities));
      const body = Buffer.alloc(64 * MEGABYTE, "x");
      const payload = Buffer.concat([head, body, Buffer.from("')")]);
      client.socket.write(packets(0, [payload]));
      expect((await client.reply(COMMAND.query)).errorCode).toBe(0);
      expect(await value(client, "SELECT LENGTH(b) FROM big")).toBe(String(64 * MEGABYTE));
      const row = await run(client, `SELECT LEFT(b, ${40 * MEGABYTE}) FROM big`);
      const length = row.packets.reduce((sum, one) => sum + one.length, 0);
      expect(length).toBeGreaterThan(40 * MEGABYTE);
      expect(row.errorCode).toBe(0);
      expect(await value(client, "SELECT title FROM film WHERE id = 1")).toBe("Alien");
      client.close();
    }, 60_000);

    test("beyond max_allowed_packet the upstream's own error arrives", async () => {
      const client = await RawClient.connect(under.url());
      await run(client, "SET GLOBAL max_allowed_packet = 1048576");
      const small = await RawClient.connect(under.url());
      const text = `SELECT '${"x".repeat(2 * MEGABYTE)}'`;
      const { errorCode } = await run(small, text);
      await run(client, "SET GLOBAL max_allowed_packet = 134217728");
      // Its ERR may be lost with a connection that the server resets.
      expect([0, 1153, 2013]).toContain(errorCode);
      await until(() => small.closed);
      client.close();
      small.close();
    });

    test("a client that does not read does not grow our memory", async () => {
      const client = await RawClient.connect(under.url());
      client.socket.pause();
      const sql = `SELECT REPEAT('y', ${MEGABYTE}) FROM big JOIN film a JOIN film b JOIN film c JOIN film d JOIN film e JOIN film f`;
      const before = process.memoryUsage().rss;
      client.send(queryCommand(sql, client.capabilities));
      // Once every buffer on the way is full, the server waits until we read.
      await until(() => stalled("SELECT REPEAT(%"));
      expect(process.memoryUsage().rss - before).toBeLessThan(40 * MEGABYTE);
      client.socket.resume();
      const reply = await client.reply(COMMAND.query);
      expect(reply.packets.length).toBeGreaterThan(60);
      client.close();
    }, 30_000);
  });

  test("LOCAL INFILE streams both ways", async () => {
    const client = await RawClient.connect(under.url());
    await run(client, "CREATE TABLE lines_in (a VARCHAR(200))");
    const chunk = Buffer.from(`${"z".repeat(99)}\n`.repeat(20_000));
    const reply = await client.run(
      queryCommand("LOAD DATA LOCAL INFILE 'f' INTO TABLE lines_in", client.capabilities),
      [chunk, chunk, chunk, chunk, chunk],
    );
    expect(reply.errorCode).toBe(0);
    expect(await value(client, "SELECT COUNT(*) FROM lines_in")).toBe("100000");
    client.close();
  }, 30_000);

  test("a client that breaks off takes its running statement with it", async () => {
    const client = await RawClient.connect(under.url());
    const sql = "SELECT SLEEP(30), 77";
    client.send(queryCommand(sql, client.capabilities));
    await until(() => running(sql));
    client.socket.resetAndDestroy();
    await until(async () => !(await running(sql)));
  });

  test("a drain lets transactions end", async () => {
    const adapter = await under.another({});
    const url = `mysql://root:root@127.0.0.1:${adapter.port}/test`;
    const idle = await RawClient.connect(url);
    const busy = await RawClient.connect(url);
    await run(busy, "BEGIN");
    await run(busy, "INSERT INTO film VALUES (20, 'kept')");
    const closing = adapter.close(5_000);
    await until(() => idle.closed);
    expect(busy.closed).toBe(false);
    expect((await run(busy, "ROLLBACK")).errorCode).toBe(0);
    await until(() => busy.closed);
    await closing;
  });

  test("the upstream's farewell to an idle connection is no reply", async () => {
    const client = await RawClient.connect(under.url());
    await run(client, "SET wait_timeout = 1");
    await until(() => client.closed);
    client.close();
  }, 15_000);

  test("an upstream that is lost is named to those who wait", async () => {
    const client = await RawClient.connect(under.url(), {
      capabilities: TEST_CAPABILITIES | CLIENT.deprecateEof,
    });
    const id = await value(client, "SELECT CONNECTION_ID()");
    const sql = "SELECT SLEEP(30), 78";
    const reply = run(client, sql);
    await until(() => running(sql));
    const admin = await RawClient.connect(under.upstream.url());
    const closed = once(client.socket, "close");
    await run(admin, `KILL ${id}`);
    const { errorCode } = await reply;
    expect([1317, 1053, 1927, 2013]).toContain(errorCode);
    await closed;
    admin.close();
  });
});
