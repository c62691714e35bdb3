import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type TestFreshet, startFreshet } from "../support/freshet.ts";
import {
  type MysqlClient,
  mysqlConnect,
  mysqlExecuted,
  mysqlLastReason,
  mysqlQuery,
  mysqlRows,
} from "../support/mysql-database.ts";

const TEXT = "SELECT n FROM counter WHERE id = 1";

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let upstream: EmbeddedMysql;
  let freshet: TestFreshet;
  let client: MysqlClient;

  beforeAll(async () => {
    upstream = await EmbeddedMysql.start({ flavour });
    await mysqlQuery(
      upstream.url(),
      "CREATE TABLE counter (id int PRIMARY KEY, n int)",
      "INSERT INTO counter VALUES (1, 0)",
      "CREATE TABLE sequence (id int AUTO_INCREMENT PRIMARY KEY)",
    );
    freshet = await startFreshet({ upstreamUrl: upstream.url() });
    client = await mysqlConnect(freshet.url());
    await client.query(`CREATE CACHE FROM ${TEXT}`);
  });

  afterAll(async () => {
    await client?.end();
    await freshet?.stop();
    await upstream?.stop();
  });

  async function cached(text = TEXT): Promise<void> {
    await eventually(async () => {
      await client.query(text);
      expect(await mysqlLastReason(client)).toMatch(/^freshet/);
    });
  }

  it("a cached read right after a write has it", async () => {
    await cached();
    for (let n = 1; n <= 100; n += 1) {
      await client.query(`UPDATE counter SET n = ${n} WHERE id = 1`);
      expect(await mysqlRows(client, TEXT)).toEqual([[`${n}`]]);
      expect(await mysqlLastReason(client)).toMatch(/^freshet/);
    }
  });

  it("also when it was written by a prepared statement, in a transaction, or by a procedure", async () => {
    await client.query("CREATE PROCEDURE raise(by_n int) UPDATE counter SET n = n + by_n");
    await client.query("UPDATE counter SET n = 0 WHERE id = 1");
    for (let n = 1; n <= 10; n += 1) {
      await mysqlExecuted(client, "UPDATE counter SET n = ? WHERE id = 1", [n * 10]);
      expect(await mysqlRows(client, TEXT)).toEqual([[`${n * 10}`]]);
      await client.query("BEGIN");
      await client.query("UPDATE counter SET n = n + 1 WHERE id = 1");
      expect(await mysqlRows(client, TEXT)).toEqual([[`${n * 10 + 1}`]]);
      await client.query(n % 2 === 0 ? "COMMIT" : "ROLLBACK");
      expect(await mysqlRows(client, TEXT)).toEqual([[`${n * 10 + (n % 2 === 0 ? 1 : 0)}`]]);
      await client.query("SET autocommit = 0");
      await client.query("UPDATE counter SET n = n + 2 WHERE id = 1");
      await client.query("SET autocommit = 1");
      expect(await mysqlRows(client, TEXT)).toEqual([[`${n * 10 + (n % 2 === 0 ? 3 : 2)}`]]);
    }
    await client.query("CALL raise(1000)");
    expect(await mysqlRows(client, TEXT)).toEqual([["1103"]]);
  });

  it("keeps what a cached read must not disturb", async () => {
    const own = await mysqlConnect(freshet.url());
    const direct = await mysqlConnect(upstream.url());
    const seen: unknown[] = [];
    for (const each of [direct, own]) {
      await each.query("TRUNCATE sequence");
      await each.query("INSERT INTO sequence VALUES (NULL), (NULL)");
      const lines: unknown[] = [await mysqlRows(each, TEXT), await mysqlRows(each, TEXT)];
      lines.push(await mysqlRows(each, "SELECT LAST_INSERT_ID(), ROW_COUNT(), FOUND_ROWS()"));
      lines.push(await mysqlRows(each, "SELECT n FROM counter WHERE id = 77"));
      lines.push(await mysqlRows(each, "SELECT FOUND_ROWS()"));
      await each.query("SELECT CAST('abc' AS signed)");
      lines.push(await mysqlRows(each, TEXT), await mysqlRows(each, "SHOW WARNINGS"));
      await each.query("SELECT CAST('abc' AS signed)");
      lines.push(await mysqlRows(each, "SHOW WARNINGS"));
      seen.push(lines);
    }
    expect(seen[1]).toEqual(seen[0]);
    await Promise.all([own.end(), direct.end()]);
  });

  it("a temporary table made in front of the cached one is seen at once", async () => {
    client.destroy();
    client = await mysqlConnect(freshet.url());
    await cached();
    await client.query("CREATE TEMPORARY TABLE counter (id int PRIMARY KEY, n int)");
    expect(await mysqlRows(client, TEXT)).toEqual([]);
    await client.query("DROP TEMPORARY TABLE counter");
    expect(await mysqlRows(client, TEXT)).toHaveLength(1);
  });
});
