import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isAlive, startInChild } from "../testing/killed-parent.ts";
import { EmbeddedMysql, fetchPrograms } from "./embedded-mysql.ts";

const run = promisify(execFile);

const DURABLE = { innodb_flush_log_at_trx_commit: "1", sync_binlog: "1" };

async function query(url: string, ...statements: readonly string[]): Promise<unknown> {
  const connection = await createConnection(url);
  try {
    let result: unknown = null;
    for (const sql of statements) result = (await connection.query(sql))[0];
    return result;
  } finally {
    await connection.end();
  }
}

describe.each(["mysql", "mariadb"] as const)("EmbeddedMysql %s", (flavour) => {
  let server: EmbeddedMysql;
  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour, settings: DURABLE });
  });
  afterAll(() => server.stop());

  it("answers as root, with the settings that replication needs", async () => {
    const rows = await query(
      server.url(),
      `SELECT VERSION() AS version, CURRENT_USER() AS account, DATABASE() AS db, @@log_bin AS bin,
        @@binlog_format AS format, @@binlog_row_image AS image, @@binlog_row_metadata AS metadata,
        @@server_id AS id, @@character_set_server AS charset, @@local_infile AS loading`,
    );
    expect(rows).toEqual([
      {
        version: expect.stringContaining(server.version) as string,
        ...{ account: "root@%", db: "test", bin: 1, format: "ROW", image: "FULL" },
        ...{ metadata: "FULL", id: 1, charset: "utf8mb4", loading: 1 },
      },
    ]);
    const plugin = await query(
      server.url("mysql"),
      "SELECT plugin FROM user WHERE user = 'root' AND host = '%'",
    );
    const expected = flavour === "mysql" ? "caching_sha2_password" : "mysql_native_password";
    expect(plugin).toEqual([{ plugin: expected }]);
  });

  it("keeps committed data over a restart and over a crash", async () => {
    await query(
      server.url(),
      "CREATE TABLE film (id INT PRIMARY KEY)",
      "INSERT INTO film VALUES (1)",
    );
    await server.restart();
    expect(await query(server.url(), "SELECT id FROM film")).toEqual([{ id: 1 }]);
    await query(server.url(), "INSERT INTO film VALUES (2)");
    const { pid } = server;
    await server.kill();
    expect(isAlive(pid)).toBe(false);
    await expect(query(server.url(), "SELECT 1")).rejects.toThrow("ECONNREFUSED");
    await server.restart();
    expect(await query(server.url(), "SELECT id FROM film")).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("brings its command line clients", async () => {
    const args = [...server.clientArgs, "--batch", "--skip-column-names", "-e", "SELECT 6 * 7"];
    expect((await run(server.client, args)).stdout.trim()).toBe("42");
    await query(server.url(), "CREATE TABLE dumped (id INT PRIMARY KEY)");
    const dump = await run(server.dumpClient, [...server.clientArgs, "test", "dumped"]);
    expect(dump.stdout).toContain("CREATE TABLE `dumped`");
  });

  it("is driven by sysbench", async () => {
    const { binDir } = await fetchPrograms("sysbench");
    const { stdout } = await run(join(binDir, "sysbench"), [
      "--db-driver=mysql",
      ...["--mysql-host=127.0.0.1", `--mysql-port=${server.port}`, "--mysql-db=test"],
      ...["--mysql-user=root", "--mysql-password=root", "--tables=1", "--table-size=10"],
      ...["oltp_point_select", "prepare"],
    ]);
    expect(stdout).toContain("Inserting 10 records");
    expect(await query(server.url(), "SELECT COUNT(*) AS n FROM sbtest1")).toEqual([{ n: 10 }]);
  });

  it("keeps a data directory of its caller and removes one of its own", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "freshet-kept-"));
    try {
      const first = await EmbeddedMysql.start({ flavour, dataDir });
      await query(first.url(), "CREATE TABLE kept (id INT PRIMARY KEY)");
      const { pid } = first;
      await first.stop();
      expect(isAlive(pid)).toBe(false);
      const second = await EmbeddedMysql.start({ flavour, dataDir });
      expect(await query(second.url(), "SELECT * FROM kept")).toEqual([]);
      await second.stop();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
    const own = await EmbeddedMysql.start({ flavour });
    const { pid } = own;
    await own.stop();
    expect(isAlive(pid) || existsSync(own.dataDir)).toBe(false);
  });

  it("leaves no server and no files behind when its process is killed", async () => {
    const module = new URL("./embedded-mysql.ts", import.meta.url);
    const start = `EmbeddedMysql.start({ flavour: "${flavour}" })`;
    const { pid, dataDir, parent } = await startInChild(module, start);
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid) || existsSync(dataDir)).toBe(false), 20_000);
  });
});
