import pg from "pg";
import { bind, describe as describeMessage, execute, parse, query, SYNC } from "@freshet/pg-wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RawClient } from "./testing/raw-client.ts";
import { type AdapterUnderTest, adapterUnderTest } from "./testing/setup.ts";

const ROWS = "SELECT id, at, NULL::timestamptz AS none FROM instants ORDER BY id";
const FAR = "SELECT at FROM far";
const ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "CET", "<+03>-03"];
const TEXT = 0;
const BINARY = 1;

const INSTANTS = [
  ...["infinity", "-infinity", "0044-03-15 10:00:00+00 BC", "1700-01-01 00:00:00+00"],
  ...["1883-11-18 16:59:59+00", "1883-11-18 17:00:00+00", "1893-03-31 23:06:31+00"],
  ...["1893-03-31 23:06:32+00", "1941-10-01 00:00:00+00", "1945-05-24 00:00:00+00"],
  ...["2024-03-31 00:59:59.999999+00", "2024-03-31 01:00:00+00", "2024-10-27 00:59:59+00"],
  ...["2024-10-27 01:00:00+00", "2024-03-10 06:59:59+00", "2024-03-10 07:00:00.5+00"],
  ...["2024-11-03 05:59:59+00", "2024-11-03 06:00:00+00", "2199-12-31 20:59:59+00"],
];

let under: AdapterUnderTest;
const clients: RawClient[] = [];

beforeAll(async () => {
  under = await adapterUnderTest();
  const admin = new pg.Client({ connectionString: under.upstream.url() });
  await admin.connect();
  await admin.query("CREATE TABLE instants (id serial, at timestamptz)");
  await admin.query("INSERT INTO instants (at) SELECT t::timestamptz FROM unnest($1::text[]) t", [
    INSTANTS,
  ]);
  await admin.query(
    "INSERT INTO instants (at) SELECT to_timestamp(i * 1234567.891) FROM generate_series(-3000, 5000) i",
  );
  await admin.query("CREATE TABLE far AS SELECT '2500-07-01 00:00:00+00'::timestamptz AS at");
  await admin.end();
  for (const text of [ROWS, FAR]) await under.router.cache(text);
});

afterAll(async () => {
  for (const client of clients) client.close();
  await under.stop();
});

async function connect(url: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  clients.push(client);
  return client;
}

async function ask(client: RawClient, ...messages: readonly Buffer[]): Promise<Buffer> {
  client.frames.length = 0;
  client.send(...messages);
  await client.ready(1);
  return Buffer.concat(client.frames);
}

const simple = (client: RawClient, text: string) => ask(client, query(text));

function extended(client: RawClient, text: string, format: number): Promise<Buffer> {
  return ask(
    client,
    ...[parse("", text), bind("", "", [], [format]), describeMessage("P", "")],
    ...[execute(""), SYNC],
  );
}

async function destination(client: RawClient): Promise<string> {
  return (await simple(client, "EXPLAIN LAST STATEMENT")).toString("latin1");
}

/** Reads until the answer comes from the cache, as it will once the zone is learned. */
async function hit(client: RawClient, read: () => Promise<Buffer>): Promise<Buffer> {
  let answer: Buffer = Buffer.alloc(0);
  await expect
    .poll(
      async () => {
        answer = await read();
        return destination(client);
      },
      { timeout: 20_000 },
    )
    .toContain("freshet(");
  return answer;
}

test(
  "sessions of every zone get the upstream's bytes from the cache",
  { timeout: 60_000 },
  async () => {
    const direct = await connect(under.upstream.url());
    const cached = await connect(under.url());
    const seen = new Set<string>();
    for (const zone of ZONES) {
      for (const client of [direct, cached]) await simple(client, `SET TimeZone = '${zone}'`);
      const theirs = await simple(direct, ROWS);
      // Forwarded while the zone is unknown, with the same bytes.
      expect((await simple(cached, ROWS)).equals(theirs)).toBe(true);
      expect((await hit(cached, () => simple(cached, ROWS))).equals(theirs)).toBe(true);
      for (const format of [TEXT, BINARY]) {
        const expected = await extended(direct, ROWS, format);
        const { hits } = under.router;
        expect((await extended(cached, ROWS, format)).equals(expected)).toBe(true);
        expect(under.router.hits).toBe(hits + 1);
      }
      seen.add(theirs.toString("latin1"));
    }
    expect(seen.size).toBe(ZONES.length);
  },
);

test("a statement prepared before the zone is known is answered from the cache after", async () => {
  const zone = "Australia/Lord_Howe";
  const direct = await connect(under.upstream.url());
  const cached = await connect(under.url());
  const run = (client: RawClient) => ask(client, bind("", "s"), execute(""), SYNC);
  for (const client of [direct, cached]) {
    await simple(client, `SET TimeZone = '${zone}'`);
    await ask(client, parse("s", ROWS), SYNC);
  }
  const theirs = await run(direct);
  expect((await run(cached)).equals(theirs)).toBe(true);
  expect(await destination(cached)).toContain("result-format");
  expect((await hit(cached, () => run(cached))).equals(theirs)).toBe(true);
});

test("instants after the known range are forwarded", async () => {
  const direct = await connect(under.upstream.url());
  const cached = await connect(under.url());
  for (const client of [direct, cached]) await simple(client, "SET TimeZone = 'Europe/Berlin'");
  await hit(cached, () => simple(cached, ROWS));
  expect((await simple(cached, FAR)).equals(await simple(direct, FAR))).toBe(true);
  expect(await destination(cached)).toContain("result-format");
  const binary = await extended(cached, FAR, BINARY);
  expect(binary.equals(await extended(direct, FAR, BINARY))).toBe(true);
  expect(await destination(cached)).toContain("freshet(");
});
