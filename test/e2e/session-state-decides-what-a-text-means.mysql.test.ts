import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import {
  mysqlLastDestination,
  mysqlLastReason,
  mysqlOutcome,
  mysqlQuery,
} from "../support/mysql-database.ts";
import { MysqlLockstep } from "../support/mysql-lockstep.ts";

/**
 * The same text means something else after USE, SET sql_mode, a temporary table; and a privilege
 * may be gone. Every answer is compared with the database's own, in the same session state, and
 * the caches must be in use before and after, or nothing would be tested.
 */

const TEXT = "SELECT id, name FROM item WHERE id = 1";

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let upstream: EmbeddedMysql;
  let freshet: FreshetProcess;
  let step: MysqlLockstep;

  beforeAll(async () => {
    upstream = await EmbeddedMysql.start({ flavour });
    await mysqlQuery(
      upstream.url(),
      "CREATE TABLE item (id int PRIMARY KEY, name varchar(40))",
      "INSERT INTO item VALUES (1, 'test one'), (2, 'test two')",
      "CREATE DATABASE other",
      "CREATE TABLE other.item (id int PRIMARY KEY, name varchar(40))",
      "INSERT INTO other.item VALUES (1, 'other one')",
      "CREATE USER reader@'%' IDENTIFIED BY 'reader'",
      "GRANT SELECT ON test.item TO reader@'%'",
      "CREATE USER stranger@'%' IDENTIFIED BY 'stranger'",
      "GRANT SELECT ON other.* TO stranger@'%'",
    );
    freshet = await FreshetProcess.start({
      upstreamUrl: upstream.url(),
      deployment: "meaning",
      args: ["--allowed-users", "root:root,reader:reader,stranger:stranger"],
    });
    await mysqlQuery(freshet.url(), `CREATE CACHE item_by_id FROM ${TEXT}`);
    step = await lockstep();
    await cached();
  });

  afterAll(async () => {
    await step?.end();
    await freshet?.dispose();
    await upstream?.stop();
  });

  function lockstep(user?: string, database = "test"): Promise<MysqlLockstep> {
    const [direct, proxied] = [new URL(upstream.url()), new URL(freshet.url())];
    for (const url of [direct, proxied]) {
      url.pathname = `/${database}`;
      if (user !== undefined) [url.username, url.password] = [user, user];
    }
    return MysqlLockstep.connect(direct.href, proxied.href);
  }

  /** The text is answered from the cache, and rightly. */
  async function cached(on: MysqlLockstep = step, text = TEXT): Promise<void> {
    await eventually(async () => {
      await on.same(text);
      expect(await mysqlLastReason(on.proxied), text).toMatch(/^freshet/);
    });
  }

  async function forwarded(on: MysqlLockstep = step, text = TEXT): Promise<void> {
    for (let count = 0; count < 3; count += 1) {
      await on.same(text);
      expect(await mysqlLastDestination(on.proxied)).toBe("upstream");
    }
  }

  async function sameManyTimes(on: MysqlLockstep = step, text = TEXT): Promise<void> {
    for (let count = 0; count < 5; count += 1) await on.same(text);
  }

  it("never answers from another database's table", async () => {
    await step.same("USE other");
    await sameManyTimes();
    await step.same("USE test");
    await cached();
    await step.sameForAll("USE other", "SELECT id, name FROM test.item WHERE id = 1", TEXT);
    await step.sameForAll("USE nowhere", TEXT, "USE test", TEXT);
    for (const client of [step.direct, step.proxied]) {
      await client.changeUser({ user: "root", password: "root", database: "other" });
    }
    await sameManyTimes();
    for (const client of [step.direct, step.proxied]) {
      await client.changeUser({ user: "root", password: "root", database: "test" });
    }
    await cached();
  });

  it("keeps the caches of two databases apart", async () => {
    await mysqlQuery(freshet.url(), "USE other", `CREATE CACHE other_item FROM ${TEXT}`);
    await step.same("USE other");
    await cached();
    await step.same("USE test");
    await cached();
    await mysqlQuery(upstream.url(), "UPDATE other.item SET name = 'other uno' WHERE id = 1");
    await step.same("USE other");
    await eventually(() => step.same(TEXT));
    await cached();
    const plain = await MysqlLockstep.connect(
      upstream.url("").replace(/\/$/, ""),
      freshet.url().replace(/\/test$/, ""),
    );
    await plain.sameForAll(TEXT, TEXT, "USE test", TEXT, TEXT);
    await cached(plain);
    await plain.end();
    await step.same("USE test");
  });

  it("forwards what a temporary table hides", async () => {
    const own = await lockstep();
    await cached(own);
    await own.sameForAll(
      "CREATE TEMPORARY TABLE item (id int, name varchar(40))",
      "INSERT INTO item VALUES (1, 'temporary one')",
    );
    await forwarded(own);
    await own.sameForAll("DROP TEMPORARY TABLE item", TEXT);
    await own.sameForAll("CREATE TEMPORARY TABLE item SELECT 1 AS id, 'again' AS name", TEXT, TEXT);
    await own.sameForAll("ALTER TABLE item RENAME TO renamed", TEXT, TEXT);
    await own.sameForAll("ALTER TABLE renamed RENAME TO item", TEXT, TEXT, "DROP TABLE item", TEXT);
    await cached();
    await own.end();
  });

  it("and what one hides that a procedure or a prepared text made", async () => {
    await mysqlQuery(
      upstream.url(),
      `CREATE PROCEDURE hide() BEGIN
         CREATE TEMPORARY TABLE item SELECT 1 AS id, 'hidden' AS name; END`,
    );
    const own = await lockstep();
    await cached(own);
    await own.sameForAll("CALL hide()");
    await sameManyTimes(own);
    await own.end();
    const other = await lockstep();
    await cached(other);
    await other.sameForAll(
      "PREPARE p FROM \"CREATE TEMPORARY TABLE item SELECT 1 AS id, 'prepared' AS name\"",
      "EXECUTE p",
    );
    await sameManyTimes(other);
    await other.end();
    const third = await lockstep();
    await cached(third);
    for (const client of [third.direct, third.proxied]) {
      await client.execute("CREATE TEMPORARY TABLE item SELECT 1 AS id, 'executed' AS name");
    }
    await sameManyTimes(third);
    await third.end();
    const multi = await MysqlLockstep.connect(upstream.url(), freshet.url(), {
      multipleStatements: true,
    });
    await cached(multi);
    for (const client of [multi.direct, multi.proxied]) {
      await client.query("DO 1; CREATE TEMPORARY TABLE item SELECT 1 AS id, 'second' AS name");
    }
    await sameManyTimes(multi);
    await multi.end();
  });

  async function seesHidden(statement: string): Promise<void> {
    const own = await lockstep();
    await cached(own);
    await own.same(statement);
    await sameManyTimes(own);
    await own.end();
  }

  it("and what one hides that a function made", async () => {
    await mysqlQuery(
      upstream.url(),
      `CREATE FUNCTION hiding() RETURNS int DETERMINISTIC BEGIN
         CREATE TEMPORARY TABLE item SELECT 1 AS id, 'by a function' AS name; RETURN 1; END`,
    );
    await seesHidden("SELECT hiding()");
  });

  // Known and not solved: no statement says that it fires such a trigger.
  it.fails("and what one hides that a trigger made", async () => {
    await mysqlQuery(
      upstream.url(),
      "CREATE TABLE triggering (id int)",
      `CREATE TRIGGER hiding AFTER INSERT ON triggering FOR EACH ROW BEGIN
         CREATE TEMPORARY TABLE item SELECT 1 AS id, 'by a trigger' AS name; END`,
    );
    await seesHidden("INSERT INTO triggering VALUES (1)");
  });

  it("reads the text by the session's sql_mode", async () => {
    const own = await lockstep();
    const texts = [
      'SELECT "name" FROM item WHERE id = 1',
      'SELECT id, name FROM item WHERE name = "test one"',
      "SELECT id FROM item WHERE name = 'test\\x20one' AND id = 1",
      "SELECT id || name FROM item WHERE id = 1",
      "SELECT id FROM item WHERE NOT id BETWEEN 5 AND 6 AND id = 1",
      TEXT,
    ];
    for (const text of texts.slice(0, 2)) {
      await mysqlQuery(freshet.url(), `CREATE CACHE FROM ${text}`).catch(() => undefined);
    }
    const modes = [
      "ANSI_QUOTES",
      "NO_BACKSLASH_ESCAPES",
      "PIPES_AS_CONCAT",
      "HIGH_NOT_PRECEDENCE",
      "ANSI",
      "IGNORE_SPACE",
      "PAD_CHAR_TO_FULL_LENGTH",
      "",
    ];
    for (const mode of modes) {
      await own.sameForAll(`SET sql_mode = '${mode}'`, ...texts, ...texts, ...texts);
      await own.sameForAll(`SET SESSION sql_mode = DEFAULT`, ...texts, ...texts);
    }
    await cached(own);
    await own.sameForAll("SET @@sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')", ...texts, ...texts);
    await own.sameForAll("SET @old = @@sql_mode", "SET sql_mode = @old", ...texts, ...texts);
    await own.end();
  });

  it("forwards for another character set, and goes on afterwards", async () => {
    const own = await lockstep();
    await own.same("UPDATE item SET name = 'tést one' WHERE id = 1");
    await cached(own);
    for (const setting of [
      "SET NAMES latin1",
      "SET character_set_results = latin1",
      "SET CHARACTER SET ascii",
    ]) {
      await own.same(setting);
      await forwarded(own);
      await own.same("SET NAMES utf8mb4");
      await cached(own);
    }
    await own.sameForAll("SET sql_select_limit = 0", TEXT, TEXT, "SET sql_select_limit = DEFAULT");
    await cached(own);
    await own.end();
    await mysqlQuery(upstream.url(), "UPDATE item SET name = 'test one' WHERE id = 1");
  });

  it("shows times in the session's time zone", async () => {
    await mysqlQuery(
      upstream.url(),
      "CREATE TABLE shown (id int PRIMARY KEY, at timestamp(3) NULL, dt datetime, f float, g double)",
      "SET time_zone = '+00:00'",
      "INSERT INTO shown VALUES (1, '2024-02-29 12:34:56.789', '2024-12-31 01:02:03', 0.1, 1e15)",
    );
    const text = "SELECT * FROM shown WHERE id = 1";
    await mysqlQuery(freshet.url(), `CREATE CACHE shown_by_id FROM ${text}`);
    const own = await lockstep();
    const zones = ["+00:00", "+05:30", "-11:00", "+14:00", "SYSTEM"];
    const destinations: string[] = [];
    for (const zone of [...zones, ...zones]) {
      await own.same(`SET time_zone = '${zone}'`);
      for (let count = 0; count < 3; count += 1) {
        await own.same(text);
        destinations.push(`${zone}: ${await mysqlLastReason(own.proxied)}`);
      }
    }
    const hits = destinations.filter((line) => line.includes(": freshet"));
    expect(hits.length, destinations.join("\n")).toBeGreaterThan(15);
    await own.end();
  });

  it("asks for the privileges of the account", async () => {
    const reader = await lockstep("reader");
    await cached(reader);
    const stranger = await lockstep("stranger", "other");
    await stranger.sameForAll("SELECT id, name FROM test.item WHERE id = 1", TEXT, TEXT);
    await stranger.sameForAll("USE test", TEXT, TEXT);
    expect(await mysqlOutcome(stranger.proxied, "SELECT id, name FROM test.item")).toMatch(
      /denied/,
    );
    await mysqlQuery(upstream.url(), "REVOKE SELECT ON test.item FROM reader@'%'");
    const startedMs = performance.now();
    await eventually(() => reader.same(TEXT));
    console.log(`REVOKE reached the caches in ${Math.round(performance.now() - startedMs)} ms`);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    await sameManyTimes(reader);
    await mysqlQuery(upstream.url(), "GRANT SELECT (id) ON test.item TO reader@'%'");
    await sameManyTimes(reader);
    await mysqlQuery(upstream.url(), "GRANT SELECT ON test.item TO reader@'%'");
    await eventually(() => reader.same(TEXT));
    await cached(reader);
    await Promise.all([reader.end(), stranger.end()]);
  });

  it("uses caches in a transaction until its first write, and sees that write", async () => {
    await cached();
    // One after the other: both writing the same row at once would wait for each other.
    for (const client of [step.direct, step.proxied]) {
      await client.query("BEGIN");
      await client.query("UPDATE item SET name = 'mine' WHERE id = 1");
      expect(await mysqlOutcome(client, TEXT)).toEqual([["1", "mine"]]);
      await client.query("ROLLBACK");
    }
    await cached();
    for (const client of [step.direct, step.proxied]) {
      await client.query("SET autocommit = 0");
      await client.query("UPDATE item SET name = 'not yet' WHERE id = 1");
      expect(await mysqlOutcome(client, TEXT)).toEqual([["1", "not yet"]]);
      await client.query("ROLLBACK");
      expect(await mysqlOutcome(client, TEXT)).toEqual([["1", "test one"]]);
      await client.query("SET autocommit = 1");
    }
    await cached();
    await step.sameForAll("START TRANSACTION WITH CONSISTENT SNAPSHOT", TEXT);
    await mysqlQuery(upstream.url(), "UPDATE item SET name = 'later' WHERE id = 1");
    await sameManyTimes();
    await step.same("COMMIT");
    await eventually(() => step.same(TEXT));
    await step.sameForAll(
      "LOCK TABLES item READ",
      TEXT,
      "SELECT 1 FROM other.item",
      "UNLOCK TABLES",
    );
    await cached();
  });

  it("user variables and functions of the session are the session's", async () => {
    const own = await lockstep();
    await cached(own);
    await own.sameForAll(
      "SET @id = 2",
      "SELECT id, name FROM item WHERE id = @id",
      "SELECT id, name, @id := 1 FROM item WHERE id = 1",
      "SELECT id, name FROM item WHERE id = @id",
      "SELECT id, name FROM item WHERE id = 1 FOR UPDATE",
      "SELECT DATABASE(), USER(), id FROM item WHERE id = 1",
      "SELECT SQL_CALC_FOUND_ROWS id FROM item LIMIT 1",
      "SELECT FOUND_ROWS()",
    );
    await cached(own);
    await own.end();
  });
});
