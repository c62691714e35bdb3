import { connect as connectTcp } from "node:net";
import {
  COMMAND,
  CURSOR,
  executeCommand,
  fetchCommand,
  packet,
  parseErr,
  prepareCommand,
  queryCommand,
  SERVER_STATUS,
} from "@freshet/mysql-wire";
import mariadb from "mariadb";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { contradictions, DrainLoad, type LoadClient } from "../../core/src/testing/drain-load.ts";
import { selfSigned } from "../../core/src/testing/self-signed.ts";
import type { MysqlAdapter, MysqlAdapterOptions } from "./options.ts";
import { rowsOf } from "./testing/cached-query-router.ts";
import { RawClient } from "./testing/raw-client.ts";
import { type AdapterUnderTest, adapterUnderTest, FLAVOURS } from "./testing/setup.ts";

const LONG_MS = 20_000;

function soon(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000, interval: 2 });
}

const SHUTDOWN = 1053;

describe.each(FLAVOURS)("draining before %s", (flavour) => {
  let under: AdapterUnderTest;
  let admin: RawClient;

  const run = (client: RawClient, sql: string) =>
    client.run(queryCommand(sql, client.capabilities));

  const urlOf = (adapter: MysqlAdapter) => `mysql://root:root@127.0.0.1:${adapter.port}/test`;

  beforeAll(async () => {
    under = await adapterUnderTest(flavour);
    admin = await RawClient.connect(under.upstream.url());
    await run(admin, "CREATE TABLE drained (n INT)");
    await run(admin, "CREATE TABLE late (n INT)");
    await under.router.cache("SELECT 1 FROM drained WHERE n = 1");
  }, 60_000);

  afterAll(async () => {
    admin.close();
    await under.stop();
  });

  beforeEach(async () => {
    await run(admin, "DELETE FROM drained");
    await run(admin, "DELETE FROM late");
  });

  async function fresh(options: Partial<MysqlAdapterOptions> = {}) {
    const limits = { welcomeMs: 0, ...options.limits };
    const adapter = await under.another({ ...options, limits });
    return { adapter, client: await RawClient.connect(urlOf(adapter)) };
  }

  async function rows(sql: string, columns: number) {
    return rowsOf(await run(admin, sql), admin.capabilities, columns);
  }

  async function count(table = "drained"): Promise<number> {
    return Number((await rows(`SELECT COUNT(*) FROM ${table}`, 1))[0]?.[0]);
  }

  /** Threads that run such a statement. */
  async function running(like: string): Promise<number> {
    const found = await rows(
      `SELECT COUNT(*) FROM information_schema.processlist
       WHERE info LIKE '${like}' AND id <> CONNECTION_ID()`,
      1,
    );
    return Number(found[0]?.[0]);
  }

  describe("clients between transactions", () => {
    test("are told before their next statement, which is not carried out", async () => {
      const { adapter, client } = await fresh();
      await adapter.close(LONG_MS);
      expect((await run(client, "INSERT INTO drained VALUES (1)")).errorCode).toBe(SHUTDOWN);
      await soon(() => expect(client.closed).toBe(true));
      expect(await count()).toBe(0);
    });

    test("are served until they pause", async () => {
      const { adapter, client } = await fresh();
      const closing = adapter.close(LONG_MS);
      for (let n = 0; n < 20; n += 1) {
        expect((await run(client, "INSERT INTO drained VALUES (1)")).errorCode).toBe(0);
      }
      await closing;
      expect(await count()).toBe(20);
    });

    test.each(["SELECT 1 FROM drained WHERE n = 1", "CREATE TEMPORARY TABLE mine (a INT)"])(
      "are told unasked when they stay idle, numbered as an answer: after %s",
      async (sql) => {
        const { adapter, client } = await fresh();
        await run(client, sql);
        await adapter.close(LONG_MS);
        const last = await client.packet();
        expect([last?.[3], last === null ? 0 : parseErr(last, 4, last.length).code]).toEqual([
          1,
          SHUTDOWN,
        ]);
        expect(await client.packet()).toBeNull();
      },
    );

    test("that never wait: their statements are done or refused", async () => {
      const { adapter, client } = await fresh();
      const insert = packet(0, queryCommand("INSERT INTO drained VALUES (1)", client.capabilities));
      client.socket.on("data", () => client.write(insert));
      client.write(Buffer.concat([insert, insert, insert]));
      let done = 0;
      let closing: Promise<void> | null = null;
      for (;;) {
        const { errorCode, packets } = await client.reply(COMMAND.query);
        expect([0, SHUTDOWN]).toContain(errorCode);
        if (errorCode !== 0 || packets.length === 0) break;
        done += 1;
        if (done === 20) closing = adapter.close(LONG_MS);
      }
      await closing;
      expect(await count()).toBe(done);
    });

    test("before they have said who they are", async () => {
      const { adapter } = await fresh();
      const socket = connectTcp(adapter.port, "127.0.0.1");
      const got: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => got.push(chunk));
      await soon(() => expect(got.length).toBeGreaterThan(0));
      await adapter.close(LONG_MS);
      await soon(() => expect(socket.readableEnded).toBe(true));
      expect(Buffer.concat(got).toString("latin1")).toContain("Server shutdown in progress");
    });
  });

  describe("what has begun is ended by its client", () => {
    test.each(["BEGIN", "SET autocommit = 0", "LOCK TABLES drained WRITE"])(
      "a transaction after %s",
      async (begin) => {
        const { adapter, client } = await fresh();
        const idle = await RawClient.connect(urlOf(adapter));
        await run(client, begin);
        await run(client, "INSERT INTO drained VALUES (1)");
        const closing = adapter.close(LONG_MS);
        await soon(() => expect(idle.closed).toBe(true));
        const end = begin.startsWith("LOCK") ? "UNLOCK TABLES" : "COMMIT";
        for (const sql of ["INSERT INTO drained VALUES (2)", end]) {
          expect((await run(client, sql)).errorCode).toBe(0);
        }
        await closing;
        expect((await run(client, "INSERT INTO drained VALUES (3)")).errorCode).toBe(SHUTDOWN);
        expect(await count()).toBe(2);
      },
    );

    test("a cursor that is being read", async () => {
      const { adapter, client } = await fresh();
      await run(client, "INSERT INTO drained VALUES (1), (2), (3)");
      const { statementId } = await client.run(prepareCommand("SELECT n FROM drained"));
      const opened = await client.run(executeCommand(statementId, [], CURSOR.readOnly));
      expect(opened.status & SERVER_STATUS.cursorExists).not.toBe(0);
      const closing = adapter.close(LONG_MS);
      let status = 0;
      for (let n = 0; n < 4 && (status & SERVER_STATUS.lastRowSent) === 0; n += 1) {
        const fetched = await client.run(fetchCommand(statementId, 1));
        expect(fetched.errorCode).toBe(0);
        status = fetched.status;
      }
      await closing;
      expect((await run(client, "SELECT 1")).errorCode).toBe(SHUTDOWN);
    });

    test("LOAD DATA LOCAL", async () => {
      const { adapter, client } = await fresh();
      client.send(
        queryCommand("LOAD DATA LOCAL INFILE 'f' INTO TABLE drained", client.capabilities),
      );
      const asked = await client.packet();
      const closing = adapter.close(LONG_MS);
      await new Promise((resolve) => setImmediate(resolve));
      const next = (asked?.[3] ?? 0) + 1;
      client.write(
        Buffer.concat([packet(next, Buffer.from("1\n2\n")), packet(next + 1, Buffer.alloc(0))]),
      );
      expect((await client.packet())?.[4]).toBe(0);
      await closing;
      expect(await count()).toBe(2);
    });

    test("but a client that vanishes holds nothing up", async () => {
      const { adapter, client } = await fresh();
      await run(client, "BEGIN");
      await run(client, "INSERT INTO drained VALUES (1)");
      const closing = adapter.close(LONG_MS);
      client.socket.resetAndDestroy();
      await closing;
      expect(await count()).toBe(0);
    });
  });

  describe("at the limit", () => {
    test("a client with TLS is told like any other", async () => {
      const tls = selfSigned();
      const { adapter } = await fresh({ tls });
      const uri = urlOf(adapter).replace("127.0.0.1", "localhost");
      const one = await createConnection({ uri, ssl: { ca: tls.cert } });
      one.on("error", () => undefined);
      await one.query("BEGIN");
      const asleep = one.query("SELECT SLEEP(60), 4712").catch((error: unknown) => error);
      await soon(async () => expect(await running("%4712")).toBe(1));
      await adapter.close(50);
      expect(isShutdown(await asleep)).toBe(true);
    });

    test("an idle transaction is undone and told", async () => {
      const { adapter, client } = await fresh();
      await run(client, "BEGIN");
      await run(client, "INSERT INTO drained VALUES (1)");
      await adapter.close(50);
      expect((await run(client, "COMMIT")).errorCode).toBe(SHUTDOWN);
      expect(await count()).toBe(0);
    });

    test("a statement within a transaction ends, upstream too", async () => {
      const { adapter, client } = await fresh();
      await run(client, "BEGIN");
      const reply = run(client, "SELECT SLEEP(60), 4711");
      await soon(async () => expect(await running("%4711")).toBe(1));
      await adapter.close(50);
      expect((await reply).errorCode).toBe(SHUTDOWN);
      await soon(async () => expect(await running("%4711")).toBe(0));
    });

    test("a result that is being sent is cut between two rows", async () => {
      const { adapter, client } = await fresh();
      const many = "SELECT REPEAT('x', 100000) FROM information_schema.columns LIMIT 3000";
      const reply = run(client, many);
      client.socket.on("data", () => {
        client.socket.pause();
        setImmediate(() => client.socket.resume());
      });
      await soon(() => expect(client.socket.bytesRead).toBeGreaterThan(1_000_000));
      await adapter.close(10);
      const { errorCode, packets } = await reply;
      const sequences = packets.map((one) => one[3] ?? 0);
      expect([errorCode, packets.length < 3000]).toEqual([SHUTDOWN, true]);
      expect(sequences).toEqual(sequences.map((_, n) => (n + 1) & 0xff));
    });

    test("the answer to a COMMIT is waited for", async () => {
      const { adapter, client } = await fresh();
      await run(client, "BEGIN");
      await run(client, "INSERT INTO late VALUES (1)");
      await run(admin, "FLUSH TABLES WITH READ LOCK");
      const reply = run(client, "COMMIT");
      await soon(async () => expect(await running("COMMIT")).toBe(1));
      let ended = false;
      const closing = adapter.close(10).then(() => (ended = true));
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect([ended, client.closed]).toEqual([false, false]);
      await run(admin, "UNLOCK TABLES");
      expect((await reply).errorCode).toBe(0);
      await closing;
      expect(await count("late")).toBe(1);
    });

    test("a COMMIT that does not end is interrupted, and that is told", async () => {
      const { adapter, client } = await fresh({ limits: { lastAnswerMs: 100 } });
      await run(client, "BEGIN");
      await run(client, "INSERT INTO late VALUES (1)");
      await run(admin, "FLUSH TABLES WITH READ LOCK");
      const reply = run(client, "COMMIT");
      await soon(async () => expect(await running("COMMIT")).toBe(1));
      await adapter.close(10);
      expect([1317, 2013]).toContain((await reply).errorCode);
      await run(admin, "UNLOCK TABLES");
    });
  });

  test("new clients are welcome during the delay, and the rest goes on", async () => {
    const { adapter, client } = await fresh();
    const draining = adapter.drain({ delayMs: 300, limitMs: LONG_MS });
    const second = await RawClient.connect(urlOf(adapter));
    expect((await run(second, "INSERT INTO drained VALUES (1)")).errorCode).toBe(0);
    expect((await run(client, "INSERT INTO drained VALUES (1)")).errorCode).toBe(0);
    await draining;
    await expect(RawClient.connect(urlOf(adapter))).rejects.toThrow();
  });

  test("under load every client knows what was done, with TLS or without", async () => {
    const tls = selfSigned();
    for (let round = 0; round < 3; round += 1) {
      await run(admin, "DELETE FROM drained");
      const { adapter } = await fresh({ tls });
      const clients = await Promise.all(
        Array.from({ length: 24 }, (_, n) => {
          const url = urlOf(adapter).replace("127.0.0.1", "localhost");
          const ssl = n % 4 === 0 ? { ca: tls.cert } : undefined;
          return n % 3 === 2 ? mariadbClient(url, ssl) : mysql2Client(url, ssl, n % 3 === 1);
        }),
      );
      const load = new DrainLoad(clients);
      await soon(() => expect(load.outcome.done.size).toBeGreaterThan(200));
      await adapter.drain({ delayMs: 50, limitMs: LONG_MS });
      const outcome = await load.ended();
      const found = await rows("SELECT n, COUNT(*) FROM drained GROUP BY n", 2);
      const counts = new Map(found.map(([n, times]) => [Number(n), Number(times)] as const));
      expect([outcome.failures, contradictions(outcome, counts)]).toEqual([[], []]);
      expect(outcome.refused.length + outcome.toldIdle).toBe(24);
    }
  }, 60_000);
});

const isShutdown = (error: unknown) => (error as { errno?: number }).errno === SHUTDOWN;

type Ssl = { readonly ca: Buffer } | undefined;

async function mysql2Client(url: string, ssl: Ssl, prepared: boolean): Promise<LoadClient> {
  const client = await createConnection({ uri: url, ...(ssl === undefined ? {} : { ssl }) });
  let ended = false;
  client.on("error", () => (ended = true));
  return {
    run: async (text) => {
      const asText = !prepared || text === "BEGIN" || text === "COMMIT";
      await (asText ? client.query(text) : client.execute(text));
    },
    get ended() {
      return ended;
    },
    isGoodbye: isShutdown,
    close: () => client.destroy(),
  };
}

async function mariadbClient(url: string, ssl: Ssl): Promise<LoadClient> {
  const { hostname: host, port, username: user, password, pathname } = new URL(url);
  const database = pathname.slice(1);
  const where = { host, port: Number(port), user, password, database };
  const client = await mariadb.createConnection({
    ...where,
    ...(ssl === undefined ? {} : { ssl }),
  });
  let ended = false;
  client.on("error", () => (ended = true));
  return {
    run: async (text) => {
      await client.query(text);
    },
    get ended() {
      return ended;
    },
    isGoodbye: isShutdown,
    close: () => client.destroy(),
  };
}
