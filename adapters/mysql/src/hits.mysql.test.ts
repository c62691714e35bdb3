import {
  CLIENT,
  COMMAND,
  executeCommand,
  prepareCommand,
  queryCommand,
  ReplyTracker,
  SERVER_STATUS,
} from "@freshet/mysql-wire";
import type { SqlType } from "@freshet/types";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bigint, double, int, nothing, text } from "./testing/golden-scripts.ts";
import { RawClient, type RawReply, TEST_CAPABILITIES } from "./testing/raw-client.ts";
import { rowsOf } from "./testing/cached-query-router.ts";
import { adapterUnderTest, type AdapterUnderTest, FLAVOURS } from "./testing/setup.ts";

const INT: SqlType = { kind: "int", upstreamId: 3, name: "int", modifier: -1 };
const TEXT: SqlType = { kind: "text", upstreamId: 253, name: "varchar", modifier: 20 };

const TYPES = `CREATE TABLE types (id INT PRIMARY KEY, ti TINYINT, tu TINYINT UNSIGNED,
  b1 TINYINT(1), si SMALLINT, su SMALLINT UNSIGNED, mi MEDIUMINT, mu MEDIUMINT UNSIGNED,
  iu INT UNSIGNED, bi BIGINT, bu BIGINT UNSIGNED, f FLOAT, d DOUBLE, d2 DOUBLE(10,2),
  de DECIMAL(20,6), de0 DECIMAL(5,0), y YEAR, da DATE, dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL,
  ts3 TIMESTAMP(3) NULL, tm TIME, tm6 TIME(6), c CHAR(5), v VARCHAR(20), vb VARBINARY(10),
  bn BINARY(4), t TEXT, bl BLOB, e ENUM('small','big'), bits BIT(12), z INT(8) ZEROFILL)`;

const ROWS = [
  `(1,-128,255,1,-32768,65535,-8388608,16777215,4294967295,-9223372036854775808,
    18446744073709551615,1.1,2.5e-10,12345.67,-12345.678900,42,1999,'2024-02-29','2024-02-29 23:59:59',
    '2024-02-29 23:59:59.000123','2024-02-29 12:00:00','2024-02-29 12:00:00.125','-838:59:59',
    '12:34:56.000001','abc','Ünïcode','\\0\\x01ab','ab','text','blob','big',b'101010101010',42)`,
  `(2${",NULL".repeat(32)})`,
  `(3,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'1000-01-01','1000-01-01','1000-01-01','1970-01-01 00:00:01',
    '1970-01-01 00:00:01','00:00:00','-00:00:00.5','','',_binary'',_binary'','','','small',0,0)`,
  `(4,127,1,1,1,1,1,1,1,9223372036854775807,9223372036854775808,3.4e38,1.7976931348623157e308,-0.01,
    99999999999999.999999,-99999,2155,'9999-12-31','9999-12-31 23:59:59','9999-12-31 23:59:59.999999',
    '2038-01-19 03:14:07','2000-01-01','100:00:00','-100:00:00.25','😀','O\\'Brien "q"','\\xff\\xfe',
    '\\xde\\xad\\xbe\\xef',REPEAT('x',300),REPEAT('y',70000),'big',4095,99999999)`,
];

const CLIENTS = [
  TEST_CAPABILITIES,
  TEST_CAPABILITIES | CLIENT.deprecateEof,
  TEST_CAPABILITIES | CLIENT.deprecateEof | CLIENT.sessionTrack,
] as const;

describe.each(FLAVOURS)("answers from the cache before %s", (flavour) => {
  let under: AdapterUnderTest;
  let admin: RawClient;

  const run = (client: RawClient, sql: string) =>
    client.run(queryCommand(Buffer.from(sql).toString("latin1"), client.capabilities));
  const rows = async (client: RawClient, sql: string, columns = 1) =>
    rowsOf(await run(client, sql), client.capabilities, columns);

  beforeAll(async () => {
    under = await adapterUnderTest(flavour);
    admin = await RawClient.connect(under.upstream.url());
    await run(admin, "SET time_zone = '+00:00'");
    await run(admin, "SET sql_mode = ''");
    for (const sql of [
      TYPES,
      ...ROWS.map((row) => `INSERT INTO types VALUES ${row}`),
      "CREATE TABLE film (id INT PRIMARY KEY, title VARCHAR(20))",
      "INSERT INTO film VALUES (1,'Alien'),(2,'Brazil')",
    ]) {
      const reply = await run(admin, sql);
      expect(`${reply.errorCode} ${reply.packets.at(-1)?.toString("latin1", 13)}`).toMatch(/^0/);
    }
    await under.router.cache("SELECT title FROM film WHERE id = 1");
    await under.router.cache("SELECT title FROM film WHERE id = 2", [], "always");
    await under.router.cache("SELECT title FROM film WHERE id = ?", [INT]);
    await under.router.cache("SELECT id FROM film WHERE title = ?", [TEXT]);
  }, 60_000);

  afterAll(async () => {
    admin.close();
    await under.stop();
  });

  beforeEach(() => {
    under.router.access = true;
    under.router.serving = true;
    under.router.positionReached = true;
  });

  /** The flags that say how a plan read its tables are not the cache's to know. */
  function comparable(reply: RawReply, command: number, client: RawClient): string[] {
    const tracker = new ReplyTracker(client.capabilities);
    tracker.begin(command);
    const noIndex = SERVER_STATUS.noIndexUsed | SERVER_STATUS.noGoodIndexUsed;
    return reply.packets.map((one) => {
      const kind = tracker.packet(one, 4, one.length - 4);
      const deprecated = (client.capabilities & CLIENT.deprecateEof) !== 0;
      const at = kind === "metadata-end" ? 7 : kind === "rows-end" ? 7 : 0;
      if (at > 0) one[at] = (one[at] ?? 0) & ~noIndex;
      // A statement prepared anew for other types repeats the warnings of its preparation.
      if (at > 0 && !deprecated) one.fill(0, 5, 7);
      return `${kind} ${deprecated} ${JSON.stringify(one.toString("latin1"))}`;
    });
  }

  async function hits(work: () => Promise<unknown>): Promise<number> {
    const before = under.router.hits;
    await work();
    return under.router.hits - before;
  }

  test.each(["1", "2", "3", "4"])("are the upstream's own bytes: row %s", async (id) => {
    const fixed = `SELECT * FROM types WHERE id = ${id}`;
    // Text shows six digits of a FLOAT, and a rounded DOUBLE(M,D): no binary rows of them.
    const columns = "id,ti,tu,b1,si,su,mi,mu,iu,bi,bu,d,de,de0,y,da,dt,dt6,ts,ts3,tm,tm6,c,v,vb,bn";
    const bound = `SELECT ${columns},t,bl,e,bits,z FROM types WHERE id = ? AND ${id} > 0`;
    await under.router.cache(fixed);
    await under.router.cache(bound, [INT]);
    for (const capabilities of CLIENTS) {
      const direct = await RawClient.connect(under.upstream.url(), { capabilities });
      const through = await RawClient.connect(under.url(), { capabilities });
      const both = [direct, through];
      for (const client of both) await run(client, "SET time_zone = '+00:00'");
      const texts: string[][] = [];
      const executions: string[][] = [];
      const count = await hits(async () => {
        for (const client of both) {
          texts.push(comparable(await run(client, fixed), COMMAND.query, client));
          const { statementId } = await client.run(prepareCommand(bound));
          const reply = await client.run(executeCommand(statementId, [int(Number(id))]));
          executions.push(comparable(reply, COMMAND.stmtExecute, client));
        }
      });
      expect(texts[1]).toEqual(texts[0]);
      expect(executions[1]).toEqual(executions[0]);
      expect(`${count} ${under.router.forwards.slice(-3).join()}`).toMatch(/^2/);
      for (const client of both) client.close();
    }
  });

  test("show timestamps in the session's fixed time zone", async () => {
    const sql = "SELECT ts, ts3, dt FROM types WHERE id = 1";
    await under.router.cache(sql);
    const direct = await RawClient.connect(under.upstream.url());
    const through = await RawClient.connect(under.url());
    for (const zone of ["'+05:30'", "'-08:00'", "'SYSTEM'", "'+00:00'"]) {
      for (const client of [direct, through]) await run(client, `SET time_zone = ${zone}`);
      expect(await rows(through, sql, 3)).toEqual(await rows(direct, sql, 3));
    }
    direct.close();
    through.close();
  });

  test("need no upstream connection once a greeting is known", async () => {
    const first = await RawClient.connect(under.url());
    expect(await rows(first, "SELECT title FROM film WHERE id = 1")).toEqual([["Alien"]]);
    const { statementId } = await first.run(prepareCommand("SELECT title FROM film WHERE id = ?"));
    await first.run(executeCommand(statementId, [int(1)]));
    const open = under.adapter.statistics().upstreamConnections;
    const second = await RawClient.connect(under.url());
    expect(
      await hits(async () => {
        expect(await rows(second, "SELECT title FROM film WHERE id = 1")).toEqual([["Alien"]]);
      }),
    ).toBe(1);
    // The reply to its preparation is known now.
    const prepared = await second.run(prepareCommand("SELECT title FROM film WHERE id = ?"));
    await second.run(executeCommand(prepared.statementId, [int(1)]));
    expect(under.adapter.statistics().upstreamConnections).toBe(open);
    first.close();
    second.close();
  });

  test("of prepared statements go by the parameter's meaning", async () => {
    const client = await RawClient.connect(under.url());
    const { statementId } = await client.run(prepareCommand("SELECT title FROM film WHERE id = ?"));
    const named = await client.run(prepareCommand("SELECT id FROM film WHERE title = ?"));
    const direct = await RawClient.connect(under.upstream.url());
    const byId = await direct.run(prepareCommand("SELECT title FROM film WHERE id = ?"));
    const byTitle = await direct.run(prepareCommand("SELECT id FROM film WHERE title = ?"));
    const asked = async (param: ReturnType<typeof int>, ofTitle = false) => {
      const ours = ofTitle ? named.statementId : statementId;
      const real = ofTitle ? byTitle.statementId : byId.statementId;
      const expected = await direct.run(executeCommand(real, [param]));
      return hits(async () => {
        const given = await client.run(executeCommand(ours, [param]));
        const code = COMMAND.stmtExecute;
        expect(comparable(given, code, client)).toEqual(comparable(expected, code, direct));
      });
    };
    expect(await asked(int(1))).toBe(1);
    expect(await asked(bigint(1n))).toBe(1);
    expect(await asked(double(1))).toBe(1);
    expect(await asked(text("1"))).toBe(1);
    expect(await asked(text("1abc"))).toBe(0);
    expect(await asked(double(1.5))).toBe(0);
    expect(await asked(nothing)).toBe(1);
    expect(await asked(text("Alien"), true)).toBe(1);
    expect(await asked(int(0), true)).toBe(0);
    client.close();
    direct.close();
  });

  test("types bound while the cache answered reach the upstream when it must", async () => {
    const client = await RawClient.connect(under.url());
    const { statementId } = await client.run(prepareCommand("SELECT title FROM film WHERE id = ?"));
    await client.run(executeCommand(statementId, [int(1)]));
    // Without types, as libraries send every execution but the first.
    const again = Buffer.from("17000000000001000000000002000000", "hex");
    again.writeUInt32LE(statementId, 1);
    under.router.serving = false;
    const forwarded = await client.run(again);
    expect(forwarded.errorCode).toBe(0);
    expect(forwarded.packets.at(-2)?.toString("latin1")).toContain("Brazil");
    client.close();
    if (flavour === "mariadb") return;
    // The same of a library that counts its parameters, for query attributes.
    under.router.serving = true;
    const capabilities = TEST_CAPABILITIES | CLIENT.queryAttributes;
    const counting = await RawClient.connect(under.url(), { capabilities });
    const { statementId: id } = await counting.run(
      prepareCommand("SELECT title FROM film WHERE id = ?"),
    );
    const first = Buffer.from("1700000000080100000001000103000001000000", "hex");
    const second = Buffer.from("1700000000080100000001000002000000", "hex");
    for (const one of [first, second]) one.writeUInt32LE(id, 1);
    expect(await hits(() => counting.run(first))).toBe(1);
    under.router.serving = false;
    const late = await counting.run(second);
    expect(late.packets.at(-2)?.toString("latin1")).toContain("Brazil");
    counting.close();
  });

  describe("are not given", () => {
    const SQL = "SELECT title FROM film WHERE id = 1";

    test.each<[string, readonly string[], number]>([
      ["in a transaction of the default level", ["BEGIN"], 0],
      [
        "in READ COMMITTED they are",
        ["SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "BEGIN"],
        1,
      ],
      [
        "after a write in READ COMMITTED",
        [
          "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
          "BEGIN",
          "UPDATE film SET title = title",
        ],
        0,
      ],
      [
        "when the next transaction has another level",
        [
          "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
          "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
          "BEGIN",
        ],
        0,
      ],
      ["without autocommit", ["SET autocommit = 0"], 0],
      ["under LOCK TABLES", ["LOCK TABLES types READ"], 0],
      ["with a temporary table", ["CREATE TEMPORARY TABLE film (id INT)"], 0],
      ["under a row limit", ["SET sql_select_limit = 1"], 0],
      ["in another character set", ["SET NAMES latin1"], 0],
      ["after all settings are back they are", ["SET NAMES latin1", "SET NAMES utf8mb4"], 1],
      ["outside of a transaction that has ended they are", ["BEGIN", "COMMIT"], 1],
    ])("%s", async (_, before, expected) => {
      const client = await RawClient.connect(under.url());
      for (const sql of before) expect((await run(client, sql)).errorCode).toBe(0);
      expect(await hits(() => run(client, SQL))).toBe(expected);
      client.close();
    });

    test("before the session's own write is visible", async () => {
      const client = await RawClient.connect(under.url());
      under.router.positionReached = false;
      await run(client, "UPDATE film SET title = 'Alien' WHERE id = 1");
      expect(await hits(() => run(client, SQL))).toBe(0);
      under.router.positionReached = true;
      expect(await hits(() => run(client, SQL))).toBe(1);
      expect(under.router.positions.at(-1)).toBe("");
      const { length } = under.router.positions;
      await run(client, SQL);
      expect(under.router.positions).toHaveLength(length);
      client.close();
    });

    test("without access, nor when nothing is served", async () => {
      const client = await RawClient.connect(under.url());
      under.router.access = false;
      expect(await hits(() => run(client, SQL))).toBe(0);
      under.router.access = true;
      under.router.serving = false;
      expect(await hits(() => run(client, SQL))).toBe(0);
      client.close();
    });
  });

  test("leave the diagnostics of the statement they answered", async () => {
    const client = await RawClient.connect(under.url());
    await run(client, "SELECT id FROM film");
    const direct = await RawClient.connect(under.upstream.url());
    for (const sql of ["SELECT FOUND_ROWS()", "SELECT ROW_COUNT()", "SHOW WARNINGS"]) {
      await run(client, "SELECT CAST('1x' AS SIGNED) FROM film");
      expect(await hits(() => run(client, "SELECT title FROM film WHERE id = 1"))).toBe(1);
      await run(direct, "SELECT CAST('1x' AS SIGNED) FROM film");
      await run(direct, "SELECT title FROM film WHERE id = 1");
      expect(await rows(client, sql)).toEqual(await rows(direct, sql));
    }
    const { statementId } = await client.run(prepareCommand("SELECT title FROM film WHERE id = ?"));
    await run(client, "SELECT id FROM film");
    expect(await hits(() => client.run(executeCommand(statementId, [int(9)])))).toBe(1);
    expect(await rows(client, "SELECT FOUND_ROWS()")).toEqual([["0"]]);
    client.close();
    direct.close();
  });

  test("our own statements come as text, in both protocols", async () => {
    for (const capabilities of CLIENTS) {
      const client = await RawClient.connect(under.url(), { capabilities });
      expect(await rows(client, "SHOW CACHES", 2)).toEqual([
        ["a", "1"],
        ["b", null],
      ]);
      const { statementId, errorCode } = await client.run(prepareCommand("SHOW CACHES"));
      expect(errorCode).toBe(0);
      const reply = await client.run(executeCommand(statementId, []));
      const row = reply.packets.find((one) => one.toString("latin1").includes("\x01a\x011"));
      expect(row).toBeDefined();
      expect(await rows(client, "EXPLAIN LAST STATEMENT", 2)).toHaveLength(1);
      client.close();
    }
  });
});
