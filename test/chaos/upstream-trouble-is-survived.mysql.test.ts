import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import {
  mysqlConnect,
  mysqlLastDestination,
  mysqlQuery,
  mysqlRows,
} from "../support/mysql-database.ts";
import { PausableProxy } from "../support/pausable-proxy.ts";
import { ContinuousReader } from "./continuous-reader.ts";

/**
 * The database goes away, crashes, loses its binary log. Each time: no wrong answer meanwhile,
 * errors as a direct client would see them, and back to cached answers without anybody's help.
 */

const TEXT = "SELECT n FROM counter WHERE id = 1";

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let upstream: EmbeddedMysql;
  let proxy: PausableProxy;
  let freshet: FreshetProcess;

  beforeAll(async () => {
    // What was committed must have stayed when the server is killed.
    const settings = { innodb_flush_log_at_trx_commit: "1", sync_binlog: "1" };
    upstream = await EmbeddedMysql.start({ flavour, settings });
    await mysqlQuery(
      upstream.url(),
      "CREATE TABLE counter (id int PRIMARY KEY, n int)",
      "INSERT INTO counter VALUES (1, 0), (2, 0)",
    );
    proxy = await PausableProxy.start(upstream.port);
    const url = new URL(upstream.url());
    url.port = String(proxy.port);
    // The one in between must see who follows the log.
    url.searchParams.set("sslmode", "disable");
    freshet = await FreshetProcess.start({ upstreamUrl: url.href, deployment: "trouble" });
    await mysqlQuery(freshet.url(), `CREATE CACHE counter_by_id FROM ${TEXT}`);
    await cachedValue(0);
  });

  afterAll(async () => {
    await freshet?.dispose();
    await proxy?.stop();
    await upstream?.stop();
  });

  /** Set at the database itself. */
  async function write(n: number): Promise<void> {
    await mysqlQuery(upstream.url(), `UPDATE counter SET n = ${n} WHERE id = 1`);
  }

  /** Those who follow the log keep it, the dead among them until the server notices. */
  async function endFollowers(): Promise<void> {
    const direct = await mysqlConnect(upstream.url());
    const text = "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'";
    for (const [id] of await mysqlRows(direct, text)) {
      await direct.query(`KILL ${id}`).catch(() => undefined);
    }
    await direct.end();
  }

  /** Waits until the cache answers; its answer must be right as soon as it is the cache's. */
  async function cachedValue(n: number): Promise<void> {
    await eventually(async () => {
      const client = await mysqlConnect(freshet.url());
      try {
        await mysqlRows(client, TEXT);
        const rows = await mysqlRows(client, TEXT);
        expect(await mysqlLastDestination(client), freshet.said).toMatch(/^freshet/);
        expect(rows).toEqual([[String(n)]]);
      } finally {
        await client.end();
      }
    }, 30_000);
  }

  // MySQL needs ten seconds to shut down while somebody follows its log.
  const ways = flavour === "mariadb" ? (["restarted", "killed"] as const) : (["killed"] as const);
  for (const how of ways) {
    it(`the database is ${how} while clients read`, async () => {
      const start = how === "restarted" ? 100 : 200;
      await write(start);
      await cachedValue(start);
      const reader = new ContinuousReader(freshet.url(), TEXT);
      const idle = await mysqlConnect(freshet.url());
      await idle.query("DO 1");
      if (how === "killed") await upstream.kill();
      await upstream.restart();
      await write(start + 1);
      await cachedValue(start + 1);
      await reader.stop();
      // Never backwards: once the new value was seen, the old one is stale.
      expect(reader.values).toEqual([...reader.values].sort((left, right) => left - right));
      // What a direct client gets: the connection lost, refused, or the server's last words.
      for (const code of new Set(reader.errors)) {
        expect(code).toMatch(/^(1053|1040|1927|2002|2003|2006|2013|3169|4031)$|closed|ECONN|EPIPE/);
      }
      await expect(idle.query("DO 1")).rejects.toThrow();
      expect(freshet.running).toBe(true);
    });
  }

  it("every connection is killed, ours that follows the changes too", async () => {
    await write(250);
    await cachedValue(250);
    const mark = freshet.log.length;
    const direct = await mysqlConnect(upstream.url());
    const text = "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()";
    for (const [id] of await mysqlRows(direct, `${text} AND command <> 'Daemon'`)) {
      await direct.query(`KILL ${id}`).catch(() => undefined);
    }
    await direct.end();
    await write(251);
    await cachedValue(251);
    expect(freshet.logged("table copied", mark)).toEqual([]);
  });

  it("no cached answer is given while changes cannot arrive", async () => {
    await write(300);
    await cachedValue(300);
    const client = await mysqlConnect(freshet.url());
    await mysqlRows(client, TEXT);
    proxy.pause();
    try {
      await write(301);
      const startedMs = performance.now();
      await eventually(async () => {
        expect(await mysqlRows(client, TEXT)).toEqual([["301"]]);
      }, 60_000);
      const staleSeconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`a silent stream was noticed after ${staleSeconds} s`);
      expect(await mysqlLastDestination(client)).toBe("upstream");
    } finally {
      proxy.resume();
    }
    await cachedValue(301);
    await client.end();
  }, 120_000);

  it("rotated logs lose nothing", async () => {
    const mark = freshet.log.length;
    for (let n = 350; n < 360; n += 1) {
      await mysqlQuery(upstream.url(), "FLUSH BINARY LOGS");
      await write(n);
    }
    await cachedValue(359);
    expect(freshet.logged("table copied", mark)).toEqual([]);
  });

  it("a log that was purged while we were away is said loudly, and the tables are copied again", async () => {
    await write(400);
    await cachedValue(400);
    freshet.signal("SIGTERM");
    expect(await freshet.exit).toBe(0);
    const mark = freshet.log.length;
    await write(401);
    await mysqlQuery(upstream.url(), "FLUSH BINARY LOGS");
    // MariaDB keeps the log before until it is sure of not needing it to recover.
    await eventually(async () => {
      await endFollowers();
      const logs = await mysqlQuery(upstream.url(), "SHOW BINARY LOGS");
      await mysqlQuery(upstream.url(), `PURGE BINARY LOGS TO '${logs.at(-1)?.[0]}'`);
      expect(await mysqlQuery(upstream.url(), "SHOW BINARY LOGS")).toHaveLength(1);
    });
    freshet.restart();
    await cachedValue(401);
    const said = freshet.log.slice(mark).filter(({ level }) => level === "warn");
    expect(said.map(({ msg }) => msg).join("\n")).toMatch(/cop(y|ied)|again|lost|binary log/i);
    expect(freshet.logged("table copied", mark)).toHaveLength(1);
    await write(402);
    await cachedValue(402);
  });

  it("another history is never continued", async () => {
    await write(500);
    await cachedValue(500);
    const mark = freshet.log.length;
    const reset = flavour === "mysql" ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER";
    // MariaDB does not while somebody follows the log.
    await eventually(async () => {
      const direct = await mysqlConnect(upstream.url());
      const text =
        "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'";
      for (const [id] of await mysqlRows(direct, text)) {
        await direct.query(`KILL ${id}`).catch(() => undefined);
      }
      await direct.query(reset).finally(() => direct.end());
    }, 20_000);
    await write(501);
    await cachedValue(501);
    await write(502);
    await cachedValue(502);
    expect(freshet.logged("table copied", mark).length).toBeGreaterThan(0);
  });

  it("the database is away at start: waits, says so, and begins when it is there", async () => {
    freshet.signal("SIGTERM");
    await freshet.exit;
    const mark = freshet.log.length;
    await upstream.kill();
    freshet.restart();
    await freshet.until(
      async () => Promise.resolve(freshet.logged(/^waiting for the upstream/, mark).length > 0),
      20_000,
    );
    expect((await freshet.health("live")).status).toBe(200);
    expect((await freshet.health("ready")).status).toBe(503);
    await upstream.restart();
    await write(600);
    await freshet.following(60_000);
    await cachedValue(600);
  });
});
