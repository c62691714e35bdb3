import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import type pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connect, lastDestination, rowsOf } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startFreshet, type TestFreshet } from "../../../test/support/freshet.ts";

/**
 * A file system's snapshot of the database is put back: the same system, the same timeline, the
 * slot as it was then, but what we have seen since never happened.
 */

const TEXT = "SELECT id, n FROM t WHERE id = 1";

let base = "";
let server: EmbeddedPostgres;
let freshet: TestFreshet | null = null;
const clients: pg.Client[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "freshet-older-"));
  server = await EmbeddedPostgres.start({ major: 18 });
});
afterEach(async () => {
  await freshet?.stop();
  freshet = null;
  await server.stop();
  await rm(base, { recursive: true, force: true });
});

const storageDir = () => join(base, "storage");

async function client(url: string): Promise<pg.Client> {
  const made = await connect(url);
  made.on("error", () => undefined);
  clients.push(made);
  return made;
}

async function run(...texts: readonly string[]): Promise<void> {
  const direct = await client(server.url());
  for (const text of texts) await direct.query(text);
  await direct.end();
}

async function copyData(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  // With the owner, who is not always we.
  await promisify(execFile)("cp", ["-a", from, to]);
}

/** What the cache answers, once it does. */
async function cached(expected: number): Promise<void> {
  await eventually(async () => {
    const proxied = await client(freshet!.url());
    try {
      const rows = await rowsOf(proxied, TEXT);
      const destination = await lastDestination(proxied);
      expect(rows).toEqual([{ id: "1", n: String(expected) }]);
      expect(destination).toMatch(/freshet/);
    } finally {
      await proxied.end();
    }
  });
}

test.each([["while it is away"], ["while it runs"]])(
  "a database that was put back to an earlier state, %s",
  async (when) => {
    await run("CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 0)");
    freshet = await startFreshet({ upstreamUrl: server.url(), storageDir: storageDir() });
    const proxied = await client(freshet.url());
    await proxied.query(`CREATE CACHE c FROM ${TEXT}`);
    await proxied.end();
    await cached(0);
    await server.kill();
    await copyData(server.dataDir, join(base, "snapshot"));
    await server.restart();
    await run("UPDATE t SET n = 1", "INSERT INTO t SELECT i, 5 FROM generate_series(2, 99) i");
    await cached(1);
    if (when === "while it is away") {
      await freshet.stop({ keepStorage: true });
      freshet = null;
    }
    await server.kill();
    await copyData(join(base, "snapshot"), server.dataDir);
    await server.restart();
    freshet ??= await startFreshet({ upstreamUrl: server.url(), storageDir: storageDir() });
    await cached(0);
    await run("UPDATE t SET n = 2");
    await cached(2);
  },
);
