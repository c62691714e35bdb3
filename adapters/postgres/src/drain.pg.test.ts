import { connect as connectTcp } from "node:net";
import {
  BACKEND,
  bind,
  execute,
  FLUSH,
  FRONTEND,
  message,
  parse,
  parseErrorFields,
  query,
  SYNC,
} from "@freshet/pg-wire";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { contradictions, DrainLoad, type LoadClient } from "../../core/src/testing/drain-load.ts";
import { selfSigned } from "../../core/src/testing/self-signed.ts";
import type { PostgresAdapter, PostgresAdapterOptions } from "./options.ts";
import { RawClient } from "./testing/raw-client.ts";
import { type AdapterUnderTest, adapterUnderTest } from "./testing/setup.ts";

const LONG_MS = 20_000;

function soon(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000, interval: 2 });
}

let under: AdapterUnderTest;
let admin: pg.Client;

beforeAll(async () => {
  under = await adapterUnderTest();
  admin = new pg.Client({ connectionString: under.upstream.url() });
  await admin.connect();
  await admin.query("CREATE TABLE drained (n int)");
  await admin.query("CREATE TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  await under.router.cache("SELECT count(*) FROM pg_class WHERE oid = 1");
});

afterAll(async () => {
  await admin.end();
  await under.stop();
});

beforeEach(() => admin.query("TRUNCATE drained, late"));

const urlOf = (adapter: PostgresAdapter) =>
  `postgres://postgres:postgres@127.0.0.1:${adapter.port}/postgres`;

async function fresh(options: Partial<PostgresAdapterOptions> = {}) {
  const limits = { welcomeMs: 0, ...options.limits };
  const adapter = await under.another({ ...options, limits });
  return { adapter, client: await RawClient.connect(urlOf(adapter)) };
}

async function count(table = "drained"): Promise<number> {
  const { rows } = await admin.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  return rows[0]?.n ?? -1;
}

async function running(pattern: string): Promise<number> {
  const { rows } = await admin.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity
     WHERE query LIKE $1 AND pid <> pg_backend_pid() AND state = 'active'`,
    [pattern],
  );
  return rows[0]?.n ?? -1;
}

/** SQLSTATEs of the errors a client has got. */
function errors({ frames }: RawClient): (string | undefined)[] {
  return frames
    .filter((frame) => frame[0] === BACKEND.error)
    .map((frame) => parseErrorFields(frame, 0, frame.length).get("C"));
}

describe("clients between transactions", () => {
  test.each([
    ["one that has done nothing", null],
    ["one that listens", "LISTEN here"],
    ["one with a temporary table", "CREATE TEMP TABLE mine (a int)"],
    ["one with an advisory lock", "SELECT pg_advisory_lock(77)"],
    ["one that had a hit", "SELECT count(*) FROM pg_class WHERE oid = 1"],
  ])("are told unasked: %s", async (_, text) => {
    const { adapter, client } = await fresh();
    if (text !== null) {
      client.send(query(text));
      await client.ready(1);
    }
    await adapter.close(LONG_MS);
    await client.untilClosed();
    expect(errors(client)).toEqual(["57P01"]);
    expect(client.describe().endsWith(text === null ? "E" : "ZE")).toBe(true);
  });

  test("are served until they pause, and told in the pause", async () => {
    const { adapter, client } = await fresh();
    const closing = adapter.close(LONG_MS);
    for (let n = 1; n <= 20; n += 1) {
      client.send(query("SELECT 1"));
      await client.ready(n);
    }
    await closing;
    await client.untilClosed();
    expect(errors(client)).toEqual(["57P01"]);
    expect(client.count(BACKEND.commandComplete)).toBe(20);
  });

  test("are told while the upstream has news for them all the time", async () => {
    const { adapter, client } = await fresh();
    client.send(query("LISTEN news"));
    await client.ready(1);
    let ended = false;
    const notifying = (async () => {
      while (!ended) await admin.query("NOTIFY news");
    })();
    try {
      await client.until(BACKEND.notification, 1);
      const before = performance.now();
      await adapter.close(LONG_MS);
      expect(performance.now() - before).toBeLessThan(LONG_MS / 2);
      await client.untilClosed();
      expect(errors(client)).toEqual(["57P01"]);
    } finally {
      ended = true;
      await notifying;
    }
  });

  test("are told after the end of what they are still reading", async () => {
    const { adapter, client } = await fresh();
    const idle = await RawClient.connect(urlOf(adapter));
    const text = "SELECT repeat('x', 1000) FROM generate_series(1, 20000)";
    await under.router.cache(text);
    client.socket.pause();
    client.send(query(text));
    const closing = adapter.close(LONG_MS);
    await idle.untilClosed();
    expect(adapter.clients()).toHaveLength(1);
    client.socket.resume();
    await client.untilClosed();
    await closing;
    expect(client.count(BACKEND.commandComplete)).toBe(1);
    expect(errors(client)).toEqual(["57P01"]);
  });

  const insert = "INSERT INTO drained VALUES (1)";
  test.each([
    ["statements", [query(insert)]],
    ["batches", [parse("", insert), bind("", ""), execute(""), SYNC]],
  ])("that never wait: their %s are done or refused", async (_, unit) => {
    const { adapter, client } = await fresh();
    const several = Array.from({ length: 5 }, () => unit).flat();
    client.socket.on("data", () => client.send(...several));
    client.send(...several);
    await client.until(BACKEND.commandComplete, 20);
    await adapter.close(LONG_MS);
    await client.untilClosed();
    expect(errors(client)).toEqual(["57P01"]);
    expect(await count()).toBe(client.count(BACKEND.commandComplete));
  });

  test("before they have said who they are", async () => {
    const { adapter } = await fresh();
    const socket = connectTcp(adapter.port, "127.0.0.1");
    const got: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => got.push(chunk));
    await soon(() => expect(adapter.statistics().connections).toBe(2));
    await adapter.close(LONG_MS);
    await soon(() => expect(socket.readableEnded).toBe(true));
    expect(Buffer.concat(got).toString()).toContain("C57P03");
  });
});

describe("what has begun is ended by its client", () => {
  test("a transaction, also sent ahead; what is sent behind it without a pause too", async () => {
    const { adapter, client } = await fresh();
    client.send(query("BEGIN"));
    await client.ready(1);
    let closed = false;
    const closing = adapter.close(LONG_MS).then(() => (closed = true));
    const inserts = Array.from({ length: 5 }, () => query("INSERT INTO drained VALUES (1)"));
    client.send(...inserts, query("COMMIT"), query("INSERT INTO drained VALUES (2)"));
    await client.untilClosed();
    await closing;
    expect(closed).toBe(true);
    expect(client.count(BACKEND.commandComplete)).toBe(8);
    expect(errors(client)).toEqual(["57P01"]);
    expect(await count()).toBe(6);
  });

  test("a failed transaction", async () => {
    const { adapter, client } = await fresh();
    client.send(query("BEGIN"), query("SELECT 1/0"));
    await client.ready(2);
    const closing = adapter.close(LONG_MS);
    client.send(query("ROLLBACK"));
    await client.untilClosed();
    await closing;
    expect(errors(client)).toEqual(["22012", "57P01"]);
  });

  test("a COPY", async () => {
    const { adapter, client } = await fresh();
    client.send(query("COPY drained FROM STDIN"));
    await client.until(BACKEND.copyInResponse, 1);
    const closing = adapter.close(LONG_MS);
    for (let n = 0; n < 10; n += 1) {
      client.send(message(FRONTEND.copyData, Buffer.from(`${n}\n`)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.send(message(FRONTEND.copyDone));
    await client.untilClosed();
    await closing;
    expect(await count()).toBe(10);
    expect(client.describe().endsWith("CZE")).toBe(true);
  });

  test("a batch whose Sync has not come", async () => {
    const { adapter, client } = await fresh();
    client.send(parse("", "INSERT INTO drained VALUES (1)"), FLUSH);
    await client.until(BACKEND.parseComplete, 1);
    const closing = adapter.close(LONG_MS);
    client.send(bind("", ""), execute(""), FLUSH);
    await client.until(BACKEND.commandComplete, 1);
    client.send(SYNC);
    await client.untilClosed();
    await closing;
    expect(await count()).toBe(1);
    expect(errors(client)).toEqual(["57P01"]);
  });

  test("but a client that vanishes holds nothing up", async () => {
    const { adapter, client } = await fresh();
    client.send(query("BEGIN"), query("INSERT INTO drained VALUES (1)"));
    await client.ready(2);
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
    const url = urlOf(adapter).replace("127.0.0.1", "localhost");
    const one = await pgConnect(url, { ca: tls.cert });
    const codes: unknown[] = [];
    one.on("error", (error: Error & { code?: string }) => codes.push(error.code));
    await one.query("BEGIN");
    await one.query("INSERT INTO drained VALUES (1)");
    await adapter.close(50);
    await soon(() => expect(codes[0]).toBe("57P01"));
    expect(await count()).toBe(0);
  });

  test("the answer to a COMMIT is waited for, with TLS too", async () => {
    const tls = selfSigned();
    const { adapter } = await fresh({ tls });
    const other = await pgConnect(under.upstream.url());
    await other.query("BEGIN");
    await other.query("INSERT INTO late VALUES (1)");
    const url = urlOf(adapter).replace("127.0.0.1", "localhost");
    const one = await pgConnect(url, { ca: tls.cert });
    one.on("error", () => undefined);
    await one.query("BEGIN");
    await one.query("INSERT INTO late VALUES (1)");
    const commit = one.query("COMMIT");
    await soon(async () => expect(await running("COMMIT")).toBe(1));
    const idle = await RawClient.connect(urlOf(adapter));
    const closing = adapter.close(10);
    await idle.untilClosed();
    await other.query("ROLLBACK");
    expect((await commit).command).toBe("COMMIT");
    await closing;
    await other.end();
    expect(await count("late")).toBe(1);
  });

  test("an idle transaction is undone and told", async () => {
    const { adapter, client } = await fresh();
    client.send(query("BEGIN"), query("INSERT INTO drained VALUES (1)"));
    await client.ready(2);
    await adapter.close(50);
    await client.untilClosed();
    expect(errors(client)).toEqual(["57P01"]);
    expect(await count()).toBe(0);
  });

  test("a statement within a transaction ends, upstream too", async () => {
    const { adapter, client } = await fresh();
    client.send(query("BEGIN"), query("SELECT pg_sleep(60), 4711"));
    await soon(async () => expect(await running("%4711")).toBe(1));
    await adapter.close(50);
    await client.untilClosed();
    expect(errors(client)).toEqual(["57P01"]);
    await soon(async () => expect(await running("%4711")).toBe(0));
  });

  test("a result that is being sent is cut between two rows", async () => {
    const { adapter, client } = await fresh();
    client.send(query("SELECT repeat('x', 100000) FROM generate_series(1, 20000)"));
    await client.until(BACKEND.dataRow, 10);
    const slow = () => {
      client.socket.pause();
      setImmediate(() => client.socket.resume());
    };
    client.socket.on("data", slow);
    await adapter.close(10);
    await client.untilClosed();
    expect(client.count(BACKEND.commandComplete)).toBe(0);
    expect(client.frames.at(-1)?.[0]).toBe(BACKEND.error);
    expect(errors(client)).toEqual(["57P01"]);
  });

  test("the answer to a COMMIT is waited for", async () => {
    const { adapter, client } = await fresh();
    await admin.query("BEGIN");
    await admin.query("INSERT INTO late VALUES (1)");
    client.send(query("BEGIN"), query("INSERT INTO late VALUES (1)"), query("COMMIT"));
    const blocked = await pgConnect(under.upstream.url());
    await soon(async () => {
      const { rows } = await blocked.query(
        "SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event_type = 'Lock'",
      );
      expect(rows).toHaveLength(1);
    });
    let ended = false;
    const closing = adapter.close(10).then(() => (ended = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([ended, client.closed]).toEqual([false, false]);
    await admin.query("ROLLBACK");
    await client.untilClosed();
    await closing;
    expect(client.describe().endsWith("CZE")).toBe(true);
    expect(errors(client)).toEqual(["57P01"]);
    expect(await count("late")).toBe(1);
    await blocked.end();
  });

  test("a COMMIT that does not end is interrupted, and that is told", async () => {
    const { adapter, client } = await fresh({ limits: { lastAnswerMs: 100 } });
    const other = await pgConnect(under.upstream.url());
    await other.query("BEGIN");
    await other.query("INSERT INTO late VALUES (1)");
    client.send(query("BEGIN"), query("INSERT INTO late VALUES (1)"), query("COMMIT"));
    await soon(async () => expect(await running("COMMIT")).toBe(1));
    await adapter.close(10);
    await client.untilClosed();
    expect(errors(client)).toEqual(["57014", "57P01"]);
    await other.query("ROLLBACK");
    await other.end();
    expect(await count("late")).toBe(0);
  });
});

test("new clients are welcome during the delay, and the rest goes on", async () => {
  const { adapter, client } = await fresh();
  const draining = adapter.drain({ delayMs: 300, limitMs: LONG_MS });
  const second = await RawClient.connect(urlOf(adapter));
  second.send(query("INSERT INTO drained VALUES (1)"));
  await second.ready(1);
  await draining;
  await expect(RawClient.connect(urlOf(adapter))).rejects.toThrow();
  for (const one of [client, second]) {
    await one.untilClosed();
    expect(errors(one)).toEqual(["57P01"]);
  }
});

test("who has just come may do what it came for", async () => {
  const { adapter, client } = await fresh({ limits: { welcomeMs: 200 } });
  const closing = adapter.close(LONG_MS);
  client.send(query("INSERT INTO drained VALUES (1)"));
  await client.untilClosed();
  await closing;
  expect(client.describe().endsWith("CZE")).toBe(true);
  expect(await count()).toBe(1);
});

test("a second drain ends the first one sooner", async () => {
  const { adapter, client } = await fresh();
  client.send(query("BEGIN"));
  await client.ready(1);
  const first = adapter.drain({ delayMs: LONG_MS, limitMs: LONG_MS });
  await adapter.close(0);
  await first;
  await client.untilClosed();
  expect(errors(client)).toEqual(["57P01"]);
});

test("under load every client knows what was done, with TLS or without", async () => {
  const tls = selfSigned();
  for (let round = 0; round < 3; round += 1) {
    await admin.query("TRUNCATE drained");
    const { adapter } = await fresh({ tls });
    const clients = await Promise.all(
      Array.from({ length: 24 }, (_, n) => {
        const ssl = n % 3 === 0 ? { ca: tls.cert } : false;
        return driverClient(urlOf(adapter), ssl, n % 2 === 0);
      }),
    );
    const load = new DrainLoad(clients);
    await soon(() => expect(load.outcome.done.size).toBeGreaterThan(200));
    await adapter.drain({ delayMs: 50, limitMs: LONG_MS });
    const outcome = await load.ended();
    const { rows } = await admin.query<{ n: number; times: number }>(
      "SELECT n, count(*)::int AS times FROM drained GROUP BY n",
    );
    const counts = new Map(rows.map(({ n, times }) => [n, times] as const));
    expect([outcome.failures, contradictions(outcome, counts)]).toEqual([[], []]);
    expect(outcome.refused.length + outcome.toldIdle).toBe(24);
  }
});

type Ssl = pg.ClientConfig["ssl"];

async function pgConnect(connectionString: string, ssl: Ssl = false): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, ssl });
  await client.connect();
  return client;
}

/** Not in the driver's types. */
type Mode = pg.QueryConfig & { readonly queryMode: "extended" | undefined };

async function driverClient(url: string, ssl: Ssl, extended: boolean): Promise<LoadClient> {
  const client = await pgConnect(url.replace("127.0.0.1", "localhost"), ssl);
  let ended = false;
  client.on("error", () => (ended = true));
  client.on("end", () => (ended = true));
  return {
    run: async (text) => {
      const how: Mode = { text, queryMode: extended ? "extended" : undefined };
      await client.query(how);
    },
    get ended() {
      return ended;
    },
    isGoodbye: (error) => (error as { code?: string }).code === "57P01",
    close: () => void client.end().catch(() => undefined),
  };
}
