import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import {
  mysqlConnect,
  mysqlExecuted,
  mysqlLastDestination,
  mysqlLastReason,
  mysqlQuery,
  mysqlRows,
} from "../support/mysql-database.ts";

const CACHED = /^freshet(\(item_by_id\))?$/;

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let upstream: EmbeddedMysql;
  let freshet: FreshetProcess;

  beforeAll(async () => {
    upstream = await EmbeddedMysql.start({ flavour });
    const values = Array.from({ length: 500 }, (_, n) => `(${n + 1}, 'item ${n + 1}', ${n + 1})`);
    await mysqlQuery(
      upstream.url(),
      "CREATE TABLE item (id int PRIMARY KEY, name varchar(40) NOT NULL, price decimal(9,2))",
      `INSERT INTO item VALUES ${values.join()}`,
    );
    freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment: "hits" });
    await mysqlQuery(
      freshet.url(),
      "CREATE CACHE item_by_id FROM SELECT id, name, price FROM item WHERE id = ?",
    );
  });

  afterAll(async () => {
    await freshet?.dispose();
    await upstream?.stop();
  });

  it("fills at the first use, and answers from memory from then on", async () => {
    const client = await mysqlConnect(freshet.url());
    const text = "SELECT id, name, price FROM item WHERE id = 7";
    const expected = [["7", "item 7", "7.00"]];
    expect(await mysqlRows(client, text)).toEqual(expected);
    await eventually(async () => {
      expect(await mysqlRows(client, text)).toEqual(expected);
      expect(await mysqlLastDestination(client), await mysqlLastReason(client)).toMatch(CACHED);
    });
    const before = await freshet.metric("freshet_hits_total", "item_by_id");
    const prepared = "SELECT id, name, price FROM item WHERE id = ?";
    for (let count = 0; count < 10; count += 1) {
      expect(await mysqlRows(client, text)).toEqual(expected);
      expect(await mysqlExecuted(client, prepared, [7])).toEqual([[7, "item 7", "7.00"]]);
      expect(await mysqlLastDestination(client), await mysqlLastReason(client)).toMatch(CACHED);
    }
    expect(await freshet.metric("freshet_hits_total", "item_by_id")).toBe(before + 20);
    await client.end();
  });

  it("has the new answer after a change made directly in the database", async () => {
    const client = await mysqlConnect(freshet.url());
    const direct = await mysqlConnect(upstream.url());
    const text = "SELECT id, name, price FROM item WHERE id = 9";
    const changes = [
      "UPDATE item SET name = 'nine' WHERE id = 9",
      "DELETE FROM item WHERE id = 9",
      "INSERT INTO item VALUES (9, 'back', NULL)",
      "UPDATE item SET id = 9000 WHERE id = 9",
      "UPDATE item SET id = 9 WHERE id = 9000",
      "REPLACE INTO item VALUES (9, 'replaced', 1.5)",
    ];
    await mysqlRows(client, text);
    for (const change of changes) {
      await direct.query(change);
      const expected = await mysqlRows(direct, text);
      await eventually(async () => {
        expect(await mysqlRows(client, text)).toEqual(expected);
        expect(await mysqlLastDestination(client)).toMatch(CACHED);
      });
      expect(await mysqlRows(client, text)).toEqual(expected);
    }
    await Promise.all([client.end(), direct.end()]);
  });

  it("lets a session see its own writes at once", async () => {
    const client = await mysqlConnect(freshet.url());
    const text = "SELECT id, name, price FROM item WHERE id = 11";
    for (let round = 0; round < 20; round += 1) {
      await client.query(`UPDATE item SET name = 'mine ${round}' WHERE id = 11`);
      expect((await mysqlRows(client, text))[0]?.[1]).toBe(`mine ${round}`);
    }
    await client.end();
  });
});
