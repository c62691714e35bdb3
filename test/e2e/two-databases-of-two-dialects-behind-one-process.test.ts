import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { EmbeddedPostgres, freePort } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, lastDestination, query, rowsOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import {
  mysqlConnect,
  mysqlLastDestination,
  mysqlQuery,
  mysqlRows,
} from "../support/mysql-database.ts";

const ACCOUNTS = 50;
const TOTAL = "SELECT COUNT(*), SUM(balance) FROM account";
const ONE = (id: number) => `SELECT balance FROM account WHERE id = ${id}`;

let postgres: EmbeddedPostgres;
let mysql: EmbeddedMysql;
let freshet: FreshetProcess;
let mysqlUrl: string;

beforeAll(async () => {
  [postgres, mysql] = await Promise.all([
    EmbeddedPostgres.start(),
    EmbeddedMysql.start({ flavour: "mysql" }),
  ]);
  const table = "CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)";
  const values = Array.from({ length: ACCOUNTS }, (_, n) => `(${n + 1}, 100)`).join();
  await query(postgres.url(), table, `INSERT INTO account VALUES ${values}`);
  await mysqlQuery(mysql.url(), table, `INSERT INTO account VALUES ${values}`);
  const port = await freePort();
  freshet = await FreshetProcess.start({
    upstreamUrl: postgres.url(),
    deployment: "both",
    args: ["--upstream-db-url", mysql.url(), "--address", `127.0.0.1:${port}`],
  });
  const at = new URL(mysql.url());
  at.port = String(port);
  mysqlUrl = at.href;
  for (const text of [TOTAL, ONE(1)]) {
    await query(freshet.url(), `CREATE CACHE FROM ${text}`);
    await mysqlQuery(mysqlUrl, `CREATE CACHE FROM ${text}`);
  }
});

afterAll(async () => {
  await freshet?.dispose();
  await Promise.all([postgres?.stop(), mysql?.stop()]);
});

it("answers both from caches that follow while both are being written", async () => {
  const [pgDirect, pgClient] = [await connect(postgres.url()), await connect(freshet.url())];
  const [myDirect, myClient] = [await mysqlConnect(mysql.url()), await mysqlConnect(mysqlUrl)];
  let [pgHits, myHits] = [0, 0];
  for (let round = 0; round < 60; round += 1) {
    const [from, to] = [1 + (round % ACCOUNTS), 1 + ((round * 7 + 3) % ACCOUNTS)];
    const transfer = `UPDATE account SET balance = balance + CASE WHEN id = ${from} THEN -1 ELSE 1 END
      WHERE id IN (${from}, ${to}) AND ${from} <> ${to}`;
    await Promise.all([pgDirect.query(transfer), myDirect.query(transfer)]);
    // Money neither appears nor disappears in any state that ever was.
    const [pgTotal] = await rowsOf(pgClient, TOTAL);
    expect(Object.values(pgTotal ?? {})).toEqual([String(ACCOUNTS), String(ACCOUNTS * 100)]);
    if ((await lastDestination(pgClient)).startsWith("freshet")) pgHits += 1;
    expect(await mysqlRows(myClient, TOTAL)).toEqual([[String(ACCOUNTS), String(ACCOUNTS * 100)]]);
    if ((await mysqlLastDestination(myClient)).startsWith("freshet")) myHits += 1;
  }
  expect(pgHits).toBeGreaterThan(0);
  expect(myHits).toBeGreaterThan(0);
  for (let id = 1; id <= ACCOUNTS; id += 1) {
    await eventually(async () => {
      const [pgRow] = await rowsOf(pgDirect, ONE(id));
      expect(await rowsOf(pgClient, ONE(id))).toEqual([pgRow]);
      expect(await lastDestination(pgClient)).toMatch(/^freshet/);
      expect(await mysqlRows(myClient, ONE(id))).toEqual(await mysqlRows(myDirect, ONE(id)));
      expect(await mysqlLastDestination(myClient)).toMatch(/^freshet/);
    });
  }
  await Promise.all([pgDirect.end(), pgClient.end(), myDirect.end(), myClient.end()]);
});

it("tells of each by its name", async () => {
  const metrics = await freshet.metrics();
  for (const upstream of ["postgres", "mysql"]) {
    expect(metrics).toContain(`freshet_serving{upstream="${upstream}"} 1`);
  }
  const ready = (await (await freshet.health("ready")).json()) as Record<string, unknown>;
  expect(Object.keys(ready)).toEqual(expect.arrayContaining(["postgres", "mysql"]));
});
