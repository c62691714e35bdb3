import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BACKEND,
  bind,
  cancelRequest,
  execute,
  FRONTEND,
  message,
  parse,
  query,
  SYNC,
} from "@freshet/pg-wire";
import { RawClient } from "./testing/raw-client.ts";
import { type AdapterUnderTest, adapterUnderTest } from "./testing/setup.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
let under: AdapterUnderTest;
let admin: pg.Client;

beforeAll(async () => {
  under = await adapterUnderTest();
  admin = new pg.Client({ connectionString: under.upstream.url() });
  await admin.connect();
  await admin.query("CREATE TABLE flow (id int PRIMARY KEY, t text)");
  await admin.query("INSERT INTO flow VALUES (1, 'one')");
  await under.router.cache("SELECT * FROM flow WHERE id = $1", [23]);
});

afterAll(async () => {
  await admin.end();
  await under.stop();
});

async function waitFor(condition: () => boolean | Promise<boolean>, limitMs = 20_000) {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("condition not met in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A CancelRequest with this client's key; resolves when the server has closed. */
async function sendCancel(port: number, client: pg.Client): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const key = Buffer.alloc(8);
  key.writeInt32BE(processID);
  key.writeInt32BE(secretKey, 4);
  const socket = connect(port, "127.0.0.1");
  socket.write(cancelRequest(key));
  await new Promise((resolve) => socket.once("close", resolve));
}

const backends = async (pattern: string): Promise<number> => {
  const { rows } = await admin.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid() AND state <> 'idle'",
    [pattern],
  );
  return rows[0]?.n ?? 0;
};

describe("large results and messages", () => {
  test("a slow reader of a large result costs no memory", async () => {
    const raw = await RawClient.connect(under.url());
    let bytes = 0;
    raw.socket.removeAllListeners("data");
    raw.socket.pause();
    raw.send(query("SELECT repeat('x', 100000) FROM generate_series(1, 2000)"));
    await waitFor(async () => (await backends("SELECT repeat(%")) === 1);
    // Nobody reads: the server must stall, and with it we.
    await new Promise((resolve) => setTimeout(resolve, 300));
    collectGarbage();
    const before = process.memoryUsage();
    let peak = 0;
    let checkedAt = 0;
    let tail = Buffer.alloc(0);
    raw.socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      tail = Buffer.concat([tail, chunk]).subarray(-6);
      if (bytes - checkedAt > 20_000_000) {
        checkedAt = bytes;
        collectGarbage();
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before.arrayBuffers);
      }
      raw.socket.pause();
      setImmediate(() => raw.socket.resume());
    });
    raw.socket.resume();
    await waitFor(() => tail.equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49])), 60_000);
    expect(bytes).toBeGreaterThan(200_000_000);
    expect(before.arrayBuffers).toBeLessThan(16_000_000);
    expect(peak).toBeLessThan(64_000_000);
    raw.close();
  });

  test("messages larger than any buffer of ours go through in parts", async () => {
    const size = 30_000_000;
    const client = new pg.Client({ connectionString: under.url() });
    await client.connect();
    const { rows } = await client.query<{ n: number }>("SELECT length($1::text) AS n", [
      "y".repeat(size),
    ]);
    expect(rows[0]?.n).toBe(size);
    const inText = await client.query<{ n: number }>(`SELECT length('${"z".repeat(size)}') AS n`);
    expect(inText.rows[0]?.n).toBe(size);
    const named = { name: "big", text: `SELECT length('${"z".repeat(size)}') + $1::int AS n` };
    for (const add of [1, 2]) {
      expect((await client.query<{ n: number }>({ ...named, values: [add] })).rows[0]?.n).toBe(
        size + add,
      );
    }
    await client.end();
  });

  test("a large COPY goes in and comes out", async () => {
    const raw = await RawClient.connect(under.url());
    raw.send(query("CREATE TEMP TABLE big (t text)"), query("COPY big FROM STDIN"));
    await raw.until(BACKEND.copyInResponse, 1);
    const line = Buffer.from(`${"c".repeat(999)}\n`);
    const data = message(FRONTEND.copyData, Buffer.concat(Array<Buffer>(3000).fill(line)));
    for (let i = 0; i < 5; i += 1) raw.send(data);
    raw.send(
      message(FRONTEND.copyDone),
      query("SELECT count(*)::text || ' ' || sum(length(t))::text FROM big"),
    );
    await raw.ready(3);
    expect(raw.transcript().join()).toContain("15000 14985000");
    raw.send(query("COPY big TO STDOUT"));
    await raw.ready(4);
    expect(raw.count(BACKEND.copyData)).toBe(15_000);
    raw.close();
  });
});

describe("cancel and goodbye", () => {
  test("a cancel reaches the running statement", async () => {
    const client = new pg.Client({ connectionString: under.url() });
    await client.connect();
    const sleeping = client.query("SELECT pg_sleep(60)");
    await waitFor(async () => (await backends("SELECT pg_sleep(60)%")) === 1);
    await sendCancel(under.adapter.port, client);
    await expect(sleeping).rejects.toMatchObject({ code: "57014" });
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  test("a cancel that comes while a fill is awaited reaches the statement forwarded after it", async () => {
    const admin = new pg.Client({ connectionString: under.upstream.url() });
    await admin.connect();
    await admin.query("CREATE VIEW slow AS SELECT 1 AS a");
    await under.router.cache("SELECT a FROM slow");
    await admin.query("CREATE OR REPLACE VIEW slow AS SELECT 1 AS a FROM pg_sleep(60)");
    await admin.end();
    const client = new pg.Client({ connectionString: under.url() });
    await client.connect();
    under.router.fillRefused = true;
    under.router.fillDelayMs = 300;
    const asked = under.router.fillsAsked;
    const statement = client.query("SELECT a FROM slow");
    const outcome = expect(statement).rejects.toMatchObject({ code: "57014" });
    // Before that there is nothing to cancel, as there would not be directly.
    await waitFor(() => under.router.fillsAsked > asked);
    await sendCancel(under.adapter.port, client);
    await outcome;
    under.router.fillRefused = false;
    under.router.fillDelayMs = 0;
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  test("a cancel for another thread's client is handed on", async () => {
    const seen: number[] = [];
    const other = await under.another({ threadIndex: 5 });
    const here = await under.another({
      threadIndex: 6,
      onForeignCancel: (thread, key) => seen.push(thread, key.length),
    });
    const client = new pg.Client({
      host: "127.0.0.1",
      port: other.port,
      user: "postgres",
      password: "postgres",
      database: "postgres",
    });
    await client.connect();
    await sendCancel(here.port, client);
    expect(seen).toEqual([5, 8]);
    await client.end();
  });

  test("the upstream's death is said once, and both sides close", async () => {
    const raw = await RawClient.connect(under.url());
    raw.send(query("SELECT pg_backend_pid()"));
    await raw.ready(1);
    const row = raw.frames.find((frame) => frame[0] === BACKEND.dataRow) as Buffer;
    await admin.query("SELECT pg_terminate_backend($1)", [Number(row.toString("latin1", 11))]);
    await raw.untilClosed();
    expect(raw.count(BACKEND.error)).toBe(1);
    expect(raw.transcript().at(-1)).toContain("57P01");
  });

  test("clients that vanish take their upstream connections with them", async () => {
    const { upstreamConnections: before } = under.adapter.statistics();
    const login = () => RawClient.connect(under.url());
    const clients = await Promise.all(Array.from({ length: 200 }, login));
    const statements = [
      [query("BEGIN; INSERT INTO flow VALUES (2, 'dirty')")],
      [query("SELECT pg_sleep(30)")],
      [parse("", "SELECT * FROM flow WHERE id = $1"), bind("", "", ["1"]), execute("")],
      [query("COPY flow FROM STDIN")],
    ];
    // A connection has 197 slots upstream: a quarter of the clients use one.
    clients.forEach((client, index) => {
      if (index % 4 === 0) client.send(...(statements[(index / 4) % 4] ?? []));
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const left = clients.filter((client, index) => {
      const stays = index % 2 === 1;
      if (!stays) client.socket.resetAndDestroy();
      return stays;
    });
    await waitFor(() => under.adapter.statistics().upstreamConnections <= before + 1);
    await waitFor(() => under.adapter.statistics().connections === left.length);
    await waitFor(async () => (await backends("%pg_sleep(30)%")) === 0);
    expect((await admin.query("SELECT * FROM flow")).rows).toHaveLength(1);
    for (const client of left) {
      client.send(
        parse("", "SELECT * FROM flow WHERE id = $1", [23]),
        bind("", "", ["1"]),
        execute(""),
        SYNC,
      );
    }
    await Promise.all(left.map((client) => client.ready(1)));
    for (const client of left) expect(client.describe()).toBe("12DCZ");
    for (const client of left) client.close();
    await waitFor(() => under.adapter.statistics().connections === 0);
  });

  test("a drain lets transactions end and then says goodbye", async () => {
    const adapter = await under.another({});
    const url = `postgres://postgres:postgres@127.0.0.1:${adapter.port}/postgres`;
    const [idle, busy, stuck] = await Promise.all([
      RawClient.connect(url),
      RawClient.connect(url),
      RawClient.connect(url),
    ]);
    busy.send(query("BEGIN"));
    stuck.send(query("BEGIN"));
    await Promise.all([busy.ready(1), stuck.ready(1)]);
    const closing = adapter.close(1_000);
    await idle.untilClosed();
    busy.send(query("SELECT 1"), query("COMMIT"));
    await busy.untilClosed();
    expect(busy.describe()).toBe("CZTDCZCZE");
    await closing;
    await stuck.untilClosed();
    for (const client of [idle, busy, stuck]) expect(client.transcript().at(-1)).toContain("57P01");
  });

  test("messages that do not exist end the connection with 08P01", async () => {
    for (const bytes of [
      message(0x7a),
      Buffer.from([0x51, 0, 0, 0, 2]),
      Buffer.from([0x51, 0, 0, 0, 5, 1]),
    ]) {
      const raw = await RawClient.connect(under.url());
      raw.send(bytes);
      await raw.untilClosed();
      expect(raw.transcript().at(-1)).toContain("C08P01");
    }
  });
});
