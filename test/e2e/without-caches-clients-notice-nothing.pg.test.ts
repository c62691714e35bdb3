import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type pg from "pg";
import { connect, query, rowsOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { psql, runCommand } from "../support/run-command.ts";
import { PSQL_SCRIPTS } from "./psql-scripts.data.ts";

/** psql, pgbench and pg_dump of the client packages are of this version. */
const MAJOR = 15;
let upstream: EmbeddedPostgres;
let freshet: FreshetProcess;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "freshet-files-"));
  upstream = await EmbeddedPostgres.start({
    major: MAJOR,
    settings: { max_prepared_transactions: "5" },
  });
  freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment: "transparent" });
});

afterAll(async () => {
  await freshet?.dispose();
  await upstream?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe("psql", () => {
  for (const [name, script] of Object.entries(PSQL_SCRIPTS)) {
    it(`says the same through Freshet: ${name}`, async () => {
      const run = (url: string) =>
        psql(url, script, "-v", "ON_ERROR_STOP=0", "-v", "VERBOSITY=verbose");
      const direct = await run(upstream.url());
      const proxied = await run(freshet.url());
      expect(proxied).toEqual(direct);
      expect(direct.stdout).not.toBe("");
    });
  }

  it("copies files in and out", async () => {
    const [source, back] = [join(directory, "in"), join(directory, "out")];
    const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\tline ${n} äöü\t\\N\n`).join("");
    await writeFile(source, lines);
    const script = `
      CREATE TABLE copied (id int, line text, nothing text);
      \\copy copied FROM '${source}'
      \\copy (SELECT * FROM copied ORDER BY id) TO '${back}'
      DROP TABLE copied;
    `;
    const result = await psql(freshet.url(), script);
    expect(result.stderr).toBe("");
    expect(await readFile(back, "utf8")).toBe(lines);
  });

  it("keeps large objects", async () => {
    const [source, back] = [join(directory, "object"), join(directory, "object-back")];
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7) % 256));
    await writeFile(source, bytes);
    const imported = await psql(freshet.url(), `\\lo_import '${source}'\n\\echo :LASTOID`, "-q");
    const oid = imported.stdout.trim();
    expect(oid, imported.stderr).toMatch(/^\d+$/);
    const script = `\\lo_export ${oid} '${back}'\n\\lo_unlink ${oid}`;
    expect((await psql(freshet.url(), script)).stderr).toBe("");
    expect(await readFile(back)).toEqual(bytes);
  });

  it("cancels a running statement at Ctrl-C, and goes on", async () => {
    const startedMs = performance.now();
    const running = runCommand("psql", ["-X", freshet.url()], {
      input: "SELECT pg_sleep(60) AS cancelled_one;\nSELECT 'still here';\n",
      onStart: (child) => {
        void eventually(async () => {
          const active = await query(
            upstream.url(),
            `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
             AND query LIKE '%cancelled_one%'`,
          );
          expect(active).toHaveLength(1);
        }).then(() => child.kill("SIGINT"));
      },
    });
    const result = await running;
    expect(result.stderr).toContain("canceling statement due to user request");
    // psql that reads from a pipe may end at the signal or go on; it must not have waited.
    expect(performance.now() - startedMs).toBeLessThan(30_000);
  });
});

describe("programs", () => {
  it("runs pgbench in every protocol", async () => {
    const initialised = await runCommand("pgbench", ["-i", "-q", freshet.url()]);
    expect(initialised.code, initialised.stderr).toBe(0);
    for (const protocol of ["simple", "extended", "prepared"]) {
      const args = ["-n", "-c", "4", "-t", "50", "-M", protocol, freshet.url()];
      const result = await runCommand("pgbench", args);
      expect(result.code, result.stderr).toBe(0);
      expect(result.stdout).toContain("transactions actually processed: 200/200");
      expect(result.stdout).toContain("failed transactions: 0");
    }
    const [row] = await query(
      upstream.url(),
      `SELECT (SELECT sum(abalance) FROM pgbench_accounts) =
         (SELECT sum(delta) FROM pgbench_history) AS balanced, count(*) FROM pgbench_history`,
    );
    expect(row).toEqual({ balanced: "t", count: "600" });
  });

  it("runs pipelines of pgbench", async () => {
    const script = join(directory, "pipeline.sql");
    const lines = ["\\startpipeline", "SELECT 1;", "SELECT 2;", "SELECT 3;", "\\endpipeline"];
    await writeFile(script, `${lines.join("\n")}\n`);
    const args = ["-n", "-c", "2", "-t", "50", "-M", "extended", "-f", script, freshet.url()];
    const result = await runCommand("pgbench", args);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toContain("transactions actually processed: 100/100");
  });

  it("dumps the same", async () => {
    const dump = (url: string) => runCommand("pg_dump", ["--restrict-key=k", url]);
    const direct = await dump(upstream.url());
    const proxied = await dump(freshet.url());
    expect(proxied.stderr).toBe(direct.stderr);
    expect(direct.stdout).toContain("COPY public.pgbench_accounts");
    // Not toEqual: the difference of two dumps is nothing to print.
    expect(proxied.stdout === direct.stdout).toBe(true);
  });
});

describe("drivers", () => {
  it("brings notifications and notices", async () => {
    const client = await connect(freshet.url());
    const got: string[] = [];
    client.on("notification", ({ channel, payload }) => got.push(`${channel}: ${payload}`));
    client.on("notice", ({ message }) => got.push(`notice: ${message}`));
    await client.query("LISTEN news");
    await query(upstream.url(), "NOTIFY news, 'from outside'");
    await eventually(async () => expect(got).toEqual(["news: from outside"]));
    await client.query("NOTIFY news, 'own'");
    await client.query("DO $$ BEGIN RAISE NOTICE 'spoken'; END $$");
    expect(got).toEqual(["news: from outside", "news: own", "notice: spoken"]);
    await client.end();
  });

  it("gets binary results, parameters of many types, and errors inside prepared statements", async () => {
    const statements: [string, unknown[]][] = [
      ["SELECT $1::int4, $2::text, $3::bool, $4::float8", [1, "täxt", true, 0.1]],
      ["SELECT $1::bytea, $2::timestamptz, $3::jsonb", [Buffer.from([0, 255]), new Date(0), "{}"]],
      ["SELECT $1::int4[], $2::numeric, $3::uuid", [[1, 2], "1e20", "5".repeat(32)]],
      ["SELECT 1 / $1::int", [0]],
      ["SELECT $1::int", ["no number"]],
    ];
    const observe = async (url: string, binary: boolean) => {
      const client = await connect(url, { binary } as pg.ClientConfig);
      const seen: unknown[] = [];
      for (const [text, values] of [...statements, ...statements]) {
        seen.push(
          await client.query({ name: text, text, values }).then(
            (result) => result.rows as unknown[],
            (error: Error) => error.message,
          ),
        );
      }
      await client.end();
      return seen;
    };
    for (const binary of [false, true]) {
      expect(await observe(freshet.url(), binary)).toEqual(await observe(upstream.url(), binary));
    }
  });

  it("gives a slow reader a large result without holding it in memory", async () => {
    const megabytes = Number(process.env["FRESHET_RESULT_MEGABYTES"] ?? 200);
    await query(freshet.url(), "SELECT 1");
    const beforeBytes = await freshet.residentBytes();
    let largestBytes = 0;
    let received = 0;
    const statement = `COPY (SELECT repeat('x', 1023) FROM generate_series(1, ${megabytes * 1024})) TO STDOUT`;
    await runCommand("psql", ["-X", "-q", "-c", statement, freshet.url()], {
      onStart: ({ stdout }) => {
        stdout?.removeAllListeners("data");
        stdout?.on("data", (chunk: string | Buffer) => {
          received += chunk.length;
          // One pause per four megabytes or so: the proxy's buffers are full most of the time.
          if (Math.floor(received / 4e6) === Math.floor((received - chunk.length) / 4e6)) return;
          stdout.pause();
          void freshet.residentBytes().then((bytes) => {
            largestBytes = Math.max(largestBytes, bytes);
            setTimeout(() => stdout.resume(), 10);
          });
        });
      },
    });
    expect(received).toBe(megabytes * 1024 * 1024);
    const grownMegabytes = Math.round((largestBytes - beforeBytes) / 2 ** 20);
    console.log(`${megabytes} MB at a slow reader: resident memory grew by ${grownMegabytes} MB`);
    expect(grownMegabytes).toBeLessThan(128);
  });

  it("keeps no upstream connection of a client that went away once its statement is done", async () => {
    const client = await connect(freshet.url());
    const [row] = await rowsOf(client, "SELECT pg_backend_pid() AS pid");
    const pid = String(row?.["pid"]);
    const lost = client.query("SELECT pg_sleep(1)").catch(() => undefined);
    await eventually(async () => {
      const active = await query(
        upstream.url(),
        `SELECT 1 FROM pg_stat_activity WHERE pid = ${pid} AND state = 'active'`,
      );
      expect(active).toHaveLength(1);
    });
    (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    await lost;
    await eventually(async () => {
      const left = await query(upstream.url(), `SELECT 1 FROM pg_stat_activity WHERE pid = ${pid}`);
      expect(left).toEqual([]);
    });
  });
});
