import { EmbeddedMysql, fetchPrograms } from "@freshet/cli/embedded-mysql";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { MysqlCommand } from "../support/mysql-command.ts";
import { mysqlConnect, mysqlQuery, mysqlRows } from "../support/mysql-database.ts";
import { runCommand } from "../support/run-command.ts";
import { MYSQL_SCRIPTS } from "./mysql-scripts.data.ts";

const MEGABYTE = 1 << 20;
/** Of the statement and of the answer; the protocol's packets end at 16 MB. */
const LARGE_MEGABYTES = 64;

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let upstream: EmbeddedMysql;
  let freshet: FreshetProcess;
  let directory: string;
  let direct: MysqlCommand;
  let proxied: MysqlCommand;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "freshet-files-"));
    upstream = await EmbeddedMysql.start({ flavour });
    freshet = await FreshetProcess.start({
      upstreamUrl: upstream.url(),
      deployment: "transparent",
    });
    direct = new MysqlCommand(upstream, upstream.port);
    proxied = new MysqlCommand(upstream, freshet.port);
  });

  afterAll(async () => {
    await freshet?.dispose();
    await upstream?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  describe("the command line client", () => {
    for (const [name, script] of Object.entries(MYSQL_SCRIPTS)) {
      it(`says the same through Freshet: ${name}`, async () => {
        const expected = await direct.run(script);
        expect(await proxied.run(script)).toEqual(expected);
        expect(expected.stdout).not.toBe("");
      });
    }

    it("loads a local file", async () => {
      const file = join(directory, "in");
      const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\tline ${n} äöü\t\\N\n`);
      await writeFile(file, lines.join(""));
      const script = `
        CREATE TABLE loaded (id int, line varchar(100), nothing text);
        LOAD DATA LOCAL INFILE '${file}' INTO TABLE loaded;
        LOAD DATA LOCAL INFILE '${file}.missing' INTO TABLE loaded;
        SELECT count(*), sum(id), max(line), min(nothing) FROM loaded;
        DROP TABLE loaded;
      `;
      const expected = await direct.run(script, "--local-infile=1");
      expect(await proxied.run(script, "--local-infile=1")).toEqual(expected);
      expect(expected.stdout).toContain("Records: 20000");
    });

    it("kills a running statement at Ctrl-C, and goes on", async () => {
      const startedMs = performance.now();
      const result = await proxied.client(["--force", "--sigint-ignore=0", "test"], {
        input: "SELECT sleep(60) AS interrupted_one;\nSELECT 'still here';\n",
        onStart: (child) => {
          void eventually(async () => {
            const active = await mysqlQuery(
              upstream.url(),
              `SELECT 1 FROM information_schema.processlist
               WHERE info LIKE 'SELECT sleep%interrupted_one'`,
            );
            expect(active).toHaveLength(1);
          }).then(() => child.kill("SIGINT"));
        },
      });
      // It says so, or ends at once, depending on the version; it must not have waited.
      expect(performance.now() - startedMs).toBeLessThan(30_000);
      expect(`${result.stdout}${result.stderr}`).toMatch(/quer|interrupt|kill|abort|\^C/i);
      await eventually(async () => {
        const text = "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%pted_one'";
        expect(await mysqlQuery(upstream.url(), text)).toEqual([]);
      });
    });
  });

  describe("programs", () => {
    it("runs sysbench with every kind of statement, and its sums are right", async () => {
      const { binDir } = await fetchPrograms("sysbench");
      const sysbench = async (...args: readonly string[]) => {
        const connection = ["--mysql-host=127.0.0.1", `--mysql-port=${freshet.port}`];
        connection.push("--mysql-user=root", "--mysql-password=root", "--mysql-db=test");
        const size = ["--tables=2", "--table-size=1000", "--mysql-ssl=off"];
        const all = ["oltp_read_write", ...connection, ...size, ...args];
        const result = await runCommand(join(binDir, "sysbench"), all);
        expect(result.code, result.stdout + result.stderr).toBe(0);
        return result.stdout;
      };
      await sysbench("prepare");
      for (const mode of ["auto", "disable"]) {
        const said = await sysbench("--threads=4", "--events=100", `--db-ps-mode=${mode}`, "run");
        expect(said).toMatch(/transactions: +100 /);
        expect(said).toMatch(/ignored errors: +\d+ /);
        expect(said).toMatch(/reconnects: +0 /);
      }
      // It deletes and inserts in pairs: no row is lost.
      const counts = "SELECT (SELECT count(*) FROM sbtest1), (SELECT count(*) FROM sbtest2)";
      expect(await mysqlQuery(freshet.url(), counts)).toEqual([["1000", "1000"]]);
    });

    it("dumps the same, and loads what it dumped", async () => {
      await mysqlQuery(
        freshet.url(),
        "CREATE TABLE bytes (id int PRIMARY KEY, b blob, v varchar(20), d decimal(9,3), t timestamp)",
        `INSERT INTO bytes VALUES (1, x'00ff1a0a0d5c27', 'ä''"\\\\', 1.5, '2024-01-01 00:00:00'),
          (2, NULL, NULL, NULL, '2024-01-01 00:00:00')`,
        "CREATE VIEW viewed AS SELECT id, v FROM bytes",
        "CREATE TRIGGER triggered BEFORE INSERT ON bytes FOR EACH ROW SET NEW.d = NEW.d + 1",
        "CREATE PROCEDURE kept() SELECT 1",
      );
      const args = ["--routines", "--events", "--hex-blob", "--skip-dump-date"];
      // Otherwise the dump switches the binary log off while it is loaded.
      if (flavour === "mysql") args.push("--set-gtid-purged=OFF");
      args.push("test");
      const expected = await direct.dump(...args);
      const dumped = await proxied.dump(...args);
      expect(dumped.stderr).toBe(expected.stderr);
      expect(dumped.code, dumped.stderr).toBe(0);
      expect(expected.stdout).toContain("INSERT INTO `sbtest1`");
      // Not toEqual: the difference of two dumps is nothing to print.
      expect(dumped.stdout === expected.stdout).toBe(true);
      await mysqlQuery(freshet.url(), "CREATE DATABASE copied");
      const loaded = await proxied.client(["copied"], { input: dumped.stdout });
      expect(loaded).toEqual({ code: 0, stdout: "", stderr: "" });
      const again = await proxied.dump(...args.slice(0, -1), "copied");
      const body = (text: string) => text.replaceAll(/^-- (Host|Dumping).*$/gm, "");
      expect(body(again.stdout) === body(expected.stdout)).toBe(true);
    });

    it("mysqladmin, mysqlcheck and mysqlshow say the same", async () => {
      const names = flavour === "mysql" ? ["mysqladmin", "mysqlcheck", "mysqlshow"] : [];
      names.push(...(flavour === "mariadb" ? ["mariadb-admin", "mariadb-check"] : []));
      for (const name of names) {
        const args = name.endsWith("admin") ? ["ping"] : ["test"];
        const expected = await direct.program(name, ...args);
        expect(await proxied.program(name, ...args)).toEqual(expected);
        expect(expected.code, expected.stderr).toBe(0);
      }
    });
  });

  describe("drivers", () => {
    it(`carries ${LARGE_MEGABYTES} MB in one value, both ways`, async () => {
      const client = await mysqlConnect(freshet.url());
      await client.query("CREATE TABLE large (id int PRIMARY KEY, body longblob)");
      const body = Buffer.alloc(LARGE_MEGABYTES * MEGABYTE, "0123456789abcdef");
      await client.execute("INSERT INTO large VALUES (1, ?)", [body]);
      const [row] = await mysqlRows(client, "SELECT length(body) FROM large");
      expect(row?.[0]).toBe(String(body.length));
      const [rows] = await client.query({
        sql: "SELECT body FROM large",
        typeCast: (field) => field.buffer(),
      });
      const [got] = (rows as unknown as Buffer[][])[0] ?? [];
      expect(got !== undefined && body.equals(got)).toBe(true);
      for (const length of [1, 2].flatMap((n) => [n * 0xffffff - 10, n * 0xffffff])) {
        const [read] = await mysqlRows(client, `SELECT length(repeat('x', ${length}))`);
        expect(read).toEqual([String(length)]);
        const [value] = (await mysqlRows(client, `SELECT repeat('x', ${length})`))[0] ?? [];
        expect(value?.length).toBe(length);
      }
      await client.query("DROP TABLE large");
      await client.end();
    });

    it("maps KILL, and numbers of connections, to the upstream's", async () => {
      const [client, other] = [
        await mysqlConnect(freshet.url()),
        await mysqlConnect(freshet.url()),
      ];
      const [row] = await mysqlRows(client, "SELECT CONNECTION_ID()");
      const waiting = client.query("SELECT sleep(60) AS killed_one").then(
        () => "ended",
        (error: Error) => error.message,
      );
      await eventually(async () => {
        const text = "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%killed_one'";
        expect(await mysqlQuery(upstream.url(), text)).toHaveLength(1);
      });
      await other.query(`KILL QUERY ${row?.[0]}`);
      expect(await waiting).toMatch(/interrupted|ended/);
      expect(await mysqlRows(client, "SELECT 1")).toEqual([["1"]]);
      await other.query(`KILL ${client.threadId}`);
      // KILL is answered when it is known whom it means, which may be another thread's client.
      await eventually(() => expect(client.query("SELECT 1")).rejects.toThrow());
      await other.end();
    });

    it("streams rows", async () => {
      const client = await mysqlConnect(freshet.url());
      const raw = (client as unknown as { connection: unknown }).connection as {
        query(text: string): { stream(): AsyncIterable<unknown> };
      };
      let rows = 0;
      const text = "SELECT id, c FROM sbtest1 ORDER BY id";
      for await (const row of raw.query(text).stream()) if (Array.isArray(row)) rows += 1;
      expect(rows).toBe(1000);
      await client.end();
    });

    it("sends files that the client gives", async () => {
      const file = join(directory, "given");
      await writeFile(file, "1\tone\n2\ttwo\n");
      const client = await mysqlConnect(freshet.url());
      await client.query("CREATE TABLE given (id int, line varchar(10))");
      await client.query({
        sql: "LOAD DATA LOCAL INFILE 'whatever' INTO TABLE given",
        infileStreamFactory: () => createReadStream(file),
      });
      expect(await mysqlRows(client, "SELECT * FROM given ORDER BY id")).toEqual([
        ["1", "one"],
        ["2", "two"],
      ]);
      await client.end();
    });

    it("gives a slow reader a large result without holding it in memory", async () => {
      const megabytes = Number(process.env["FRESHET_RESULT_MEGABYTES"] ?? 100);
      await mysqlQuery(
        freshet.url(),
        "CREATE TABLE filler (line varchar(1023))",
        "INSERT INTO filler SELECT repeat('x', 1023) FROM sbtest1 LIMIT 1000",
      );
      const beforeBytes = await freshet.residentBytes();
      let largestBytes = 0;
      let received = 0;
      const tables = "filler a, (SELECT 1 FROM filler LIMIT";
      const sql = `SELECT a.line FROM ${tables} ${Math.ceil((megabytes * 1024) / 1000)}) b`;
      await proxied.client(["--quick", "--skip-column-names", "-e", sql, "test"], {
        onStart: ({ stdout }) => {
          stdout?.removeAllListeners("data");
          stdout?.on("data", (chunk: string | Buffer) => {
            received += chunk.length;
            // One pause per four megabytes or so: the buffers are full most of the time.
            if (Math.floor(received / 4e6) === Math.floor((received - chunk.length) / 4e6)) return;
            stdout.pause();
            void freshet.residentBytes().then((bytes) => {
              largestBytes = Math.max(largestBytes, bytes);
              setTimeout(() => stdout.resume(), 10);
            });
          });
        },
      });
      expect(received).toBe(Math.ceil((megabytes * 1024) / 1000) * 1000 * 1024);
      const grownMegabytes = Math.round((largestBytes - beforeBytes) / MEGABYTE);
      console.log(`${megabytes} MB at a slow reader: resident memory grew by ${grownMegabytes} MB`);
      expect(grownMegabytes).toBeLessThan(128);
    });

    it("keeps no upstream connection of a client that went away once its statement is done", async () => {
      const client = await mysqlConnect(freshet.url());
      const lost = client.query("SELECT sleep(1) AS left_alone").catch(() => undefined);
      const text = "SELECT id FROM information_schema.processlist WHERE info LIKE '%left_alone'";
      let id = "";
      await eventually(async () => {
        const [row] = await mysqlQuery(upstream.url(), text);
        id = String(row?.[0]);
        expect(row).toBeDefined();
      });
      client.destroy();
      await eventually(async () => {
        const left = `SELECT 1 FROM information_schema.processlist WHERE id = ${id}`;
        expect(await mysqlQuery(upstream.url(), left)).toEqual([]);
      });
      await Promise.race([lost, Promise.resolve()]);
    });
  });
});
