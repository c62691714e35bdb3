import { connect, createServer, type Server, type Socket } from "node:net";
import { parseErrorFields, BACKEND, query } from "@freshet/pg-wire";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { RawClient } from "./testing/raw-client.ts";
import { type AdapterUnderTest, adapterUnderTest } from "./testing/setup.ts";

let under: AdapterUnderTest;
let admin: pg.Client;
let relay: Server;
const relayed = new Set<Socket>();

beforeAll(async () => {
  under = await adapterUnderTest();
  admin = new pg.Client({ connectionString: under.upstream.url() });
  await admin.connect();
  await admin.query("CREATE TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  relay = createServer((socket) => {
    const upstream = connect(under.upstream.port, "127.0.0.1");
    for (const one of [socket, upstream]) one.on("error", () => undefined);
    socket.pipe(upstream);
    upstream.pipe(socket);
    relayed.add(socket);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  for (const socket of relayed) socket.destroy();
  relayed.clear();
});

afterAll(async () => {
  relay.close();
  await admin.end();
  await under.stop();
});

/** Its connection to the upstream is lost, without a word, while this statement waits for a lock. */
async function lostDuring(
  before: string | null,
  text: string,
  blocking: string,
): Promise<string | undefined> {
  const { port } = relay.address() as { port: number };
  const upstreamUrl = under.upstream.url().replace(/:\d+\//, `:${port}/`);
  const adapter = await under.another({ upstreamUrl });
  const url = `postgres://postgres:postgres@127.0.0.1:${adapter.port}/postgres`;
  const client = await RawClient.connect(url);
  await admin.query("BEGIN");
  await admin.query(blocking);
  if (before !== null) {
    client.send(query(before));
    await client.ready(1);
  }
  try {
    client.send(query(text));
    const other = new pg.Client({ connectionString: under.upstream.url() });
    await other.connect();
    await vi.waitFor(
      async () => {
        const { rows } = await other.query(
          "SELECT FROM pg_stat_activity WHERE query = $1 AND wait_event_type = 'Lock'",
          [text],
        );
        expect(rows).toHaveLength(1);
      },
      { timeout: 20_000, interval: 5 },
    );
    await other.end();
    for (const socket of relayed) socket.resetAndDestroy();
    await client.untilClosed();
  } finally {
    await admin.query("ROLLBACK");
  }
  const error = client.frames.find((frame) => frame[0] === BACKEND.error);
  return error && parseErrorFields(error, 0, error.length).get("C");
}

test.each([
  ["a COMMIT", "BEGIN; INSERT INTO late VALUES (1)", "COMMIT", 1],
  ["a single INSERT", null, "INSERT INTO late VALUES (2)", 2],
])("with the upstream lost during %s nobody knows the outcome", async (_, before, text, n) => {
  // 57P01 would say that it was not done: who then repeats it may have done it twice.
  expect(await lostDuring(before, text, `INSERT INTO late VALUES (${n})`)).toBe("08007");
  // It was, as soon as it could.
  await vi.waitFor(async () => {
    const { rowCount } = await admin.query("SELECT FROM late WHERE n = $1", [n]);
    expect(rowCount).toBe(1);
  });
});

test("what is undone with its transaction is known to be", async () => {
  expect(await lostDuring("BEGIN", "LOCK TABLE late", "LOCK TABLE late")).toBe("57P01");
});
