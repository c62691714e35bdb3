import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@freshet/config";
import { must, silentLogger } from "@freshet/util";
import { renderMetrics } from "@freshet/telemetry";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { EmbeddedPostgres, freePort } from "../demo/embedded-postgres.ts";
import { combinedConfigs, planThreads } from "../start/configure.ts";
import { Supervisor } from "./supervisor.ts";

let upstream: EmbeddedPostgres;
let supervisor: Supervisor;
let storageDir: string;
let client: pg.Client;
const text = "SELECT name FROM item WHERE id = 1";

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start();
  storageDir = await mkdtemp(join(tmpdir(), "freshet-store-"));
  const port = await freePort();
  const config = parseConfig(
    [`--address=127.0.0.1:${port}`, "--adapter-threads=1", "--log-level=silent"],
    {},
  );
  const [own] = combinedConfigs({ ...config, upstreamUrls: [upstream.url()], storageDir });
  const plan = planThreads(must(own, "one database is configured"));
  supervisor = new Supervisor({ ...plan, logger: silentLogger });
  const { listening, online } = supervisor.start();
  await Promise.all([listening, online]);
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
  await withClient(
    upstream.url(),
    "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL)",
    "INSERT INTO item VALUES (1, 'one')",
  );
  client = await connect(url);
  await client.query(`CREATE CACHE FROM ${text}`);
});

afterAll(async () => {
  await client.end();
  await supervisor.stop(1_000);
  await upstream.stop();
  await rm(storageDir, { recursive: true, force: true });
});

async function connect(url: string): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: url });
  made.on("error", () => undefined);
  await made.connect();
  return made;
}

async function withClient(url: string, ...statements: string[]): Promise<void> {
  const one = await connect(url);
  for (const statement of statements) await one.query(statement);
  await one.end();
}

async function name(): Promise<string | undefined> {
  return (await client.query<{ name: string }>(text)).rows[0]?.name;
}

async function destination(): Promise<string> {
  await client.query(text);
  const { rows } = await client.query<Record<string, string>>("EXPLAIN LAST STATEMENT");
  return Object.values(rows[0] ?? {})[0] ?? "";
}

describe("Supervisor", () => {
  it("answers from the cache", async () => {
    await vi.waitFor(async () => expect(await destination()).toMatch(/^freshet/), 10_000);
    expect(supervisor.ready().ok).toBe(true);
  });

  it("forwards while the engine is away, and caches again when it is back", async () => {
    await supervisor.crash("engine");
    await withClient(upstream.url(), "UPDATE item SET name = 'two' WHERE id = 1");
    expect(await name()).toBe("two");
    await vi.waitFor(async () => expect(await destination()).toMatch(/^freshet/), 20_000);
    expect(await name()).toBe("two");
    await withClient(upstream.url(), "UPDATE item SET name = 'three' WHERE id = 1");
    await vi.waitFor(async () => expect(await name()).toBe("three"), 5_000);
  });

  it("starts an adapter that died again, and links it", async () => {
    const { host, port } = client;
    await supervisor.crash("adapter-1");
    await vi.waitFor(
      async () => (client = await connect(`postgres://postgres:postgres@${host}:${port}/postgres`)),
      20_000,
    );
    await vi.waitFor(async () => expect(await destination()).toMatch(/^freshet/), 20_000);
    expect(await renderMetrics(await supervisor.metrics())).toContain(
      'freshet_thread_restarts_total{kind="adapter"} 1',
    );
  });
});
