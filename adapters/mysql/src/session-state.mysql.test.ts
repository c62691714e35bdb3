import {
  closeStatementCommand,
  executeCommand,
  initDbCommand,
  packet,
  prepareCommand,
  queryCommand,
} from "@freshet/mysql-wire";
import type { SqlType } from "@freshet/types";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { int, text } from "./testing/golden-scripts.ts";
import { rowsOf } from "./testing/cached-query-router.ts";
import { RawClient } from "./testing/raw-client.ts";
import { adapterUnderTest, type AdapterUnderTest, FLAVOURS } from "./testing/setup.ts";

const INT: SqlType = { kind: "int", upstreamId: 3, name: "int", modifier: -1 };
const TEXT: SqlType = { kind: "text", upstreamId: 253, name: "varchar", modifier: 20 };
const READ = "SELECT title FROM film WHERE id = 1";
const UNTIL_WRITE = "SELECT title FROM film WHERE id = 2";
const BOUND = "SELECT title FROM film WHERE id = ?";
const ZONED = "SELECT seen FROM dated WHERE id = 1";
const BY_TITLE = "SELECT id FROM film WHERE title = ?";

/** What a session did decides whether its caches may answer. */
describe.each(FLAVOURS)("a session before %s", (flavour) => {
  let under: AdapterUnderTest;

  const run = (client: RawClient, sql: string) =>
    client.run(queryCommand(Buffer.from(sql).toString("latin1"), client.capabilities));
  const rows = async (client: RawClient, sql: string) =>
    rowsOf(await run(client, sql), client.capabilities, 1);
  /** Latin1: bytes as they are. */
  const raw = (client: RawClient, sql: string) =>
    client.run(queryCommand(sql, client.capabilities));

  beforeAll(async () => {
    under = await adapterUnderTest(flavour);
    const admin = await RawClient.connect(under.upstream.url());
    for (const sql of [
      "CREATE TABLE film (id INT PRIMARY KEY, title VARCHAR(20))",
      "INSERT INTO film VALUES (1,'Alien'),(2,'Brazil')",
      "SET time_zone = '+00:00'",
      "CREATE TABLE dated (id INT PRIMARY KEY, seen TIMESTAMP NULL)",
      "INSERT INTO dated VALUES (1, '2024-01-01 00:00:00')",
      "CREATE DATABASE elsewhere",
      "CREATE TABLE elsewhere.film (id INT PRIMARY KEY, title VARCHAR(20))",
      "INSERT INTO elsewhere.film VALUES (1,'Elsewhere')",
      "CREATE PROCEDURE harmless() SELECT 1",
      "CREATE PROCEDURE hides() CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20))",
      `CREATE FUNCTION hiding() RETURNS INT DETERMINISTIC MODIFIES SQL DATA
       BEGIN CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20)); RETURN 1; END`,
      "CREATE FUNCTION harmless() RETURNS INT DETERMINISTIC RETURN 1",
      `CREATE PROCEDURE hides_well()
       BEGIN CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20)); FLUSH STATUS; END`,
    ]) {
      const reply = await run(admin, sql);
      expect(`${reply.errorCode} ${reply.packets.at(-1)?.toString("latin1", 13)}`).toMatch(/^0/);
    }
    admin.close();
    await under.router.cache(READ);
    await under.router.cache(UNTIL_WRITE, [], "until-write");
    await under.router.cache(BOUND, [INT]);
    await under.router.cache(ZONED);
    await under.router.cache(BY_TITLE, [TEXT]);
  }, 60_000);

  afterAll(() => under.stop());

  async function withClient(work: (client: RawClient) => Promise<void>): Promise<void> {
    const client = await RawClient.connect(under.url());
    try {
      await work(client);
    } finally {
      client.close();
    }
  }

  async function hits(work: () => Promise<unknown>): Promise<number> {
    const before = under.router.hits;
    await work();
    return under.router.hits - before;
  }

  const hiding = [
    "CALL hides()",
    "SELECT hiding()",
    "SET @x = hiding()",
    "DO hiding()",
    "INSERT INTO film SELECT 7, '' FROM dual WHERE hiding() = 2",
    "CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20))",
    "/*!40000 CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20)) */",
    "SELECT 1; CALL hides()",
    "CALL hides_well()",
    "PREPARE s FROM 'CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20))'; EXECUTE s",
    ...(flavour === "mariadb"
      ? [
          "SET STATEMENT max_statement_time = 9 FOR CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20))",
          "EXECUTE IMMEDIATE 'CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20))'",
          "BEGIN NOT ATOMIC CALL hides(); END",
        ]
      : []),
  ];

  test.each(hiding)("sees its temporary table: %s", async (sql) => {
    await withClient(async (client) => {
      expect(await hits(() => run(client, READ))).toBe(1);
      expect((await run(client, sql)).errorCode).toBe(0);
      expect(await hits(() => run(client, READ))).toBe(0);
      expect(await rows(client, READ)).toEqual([]);
    });
  });

  test.each(["CALL harmless()", "SELECT harmless()", "SET @x = harmless()"])(
    "uses caches after %s",
    async (sql) => {
      await withClient(async (client) => {
        await run(client, sql);
        expect(await hits(() => run(client, READ))).toBe(1);
        expect(await hits(() => run(client, READ))).toBe(1);
      });
    },
  );

  test("tells its own tables and locks from those of what it called", async () => {
    await withClient(async (client) => {
      await run(client, "CREATE TABLE IF NOT EXISTS own (id INT)");
      await run(client, "LOCK TABLES film READ");
      await run(client, "UNLOCK TABLES");
      await run(client, "CALL harmless()");
      expect(await hits(() => run(client, READ))).toBe(1);
      await run(client, "LOCK TABLES elsewhere.film READ");
      await run(client, "SET @x = harmless()");
      expect((await run(client, READ)).errorCode).toBe(1100);
      await run(client, "UNLOCK TABLES");
      expect(await hits(() => run(client, READ))).toBe(1);
      await run(client, "CALL hides()");
      expect(await hits(() => run(client, READ))).toBe(0);
    });
  });

  test.each(["LOCK TABLES elsewhere.film READ", "/*!40000 LOCK TABLES elsewhere.film READ */"])(
    "has its error after %s",
    async (sql) => {
      await withClient(async (client) => {
        expect((await run(client, sql)).errorCode).toBe(0);
        expect((await run(client, READ)).errorCode).toBe(1100);
      });
    },
  );

  test("executes what it prepared in the schema it was in", async () => {
    for (const learned of [false, true]) {
      await withClient(async (client) => {
        const { statementId } = await client.run(prepareCommand(BOUND));
        const titles = async () =>
          rowsOf(await client.run(executeCommand(statementId, [int(1)])), client.capabilities, 1);
        if (!learned) await titles();
        await client.run(initDbCommand("elsewhere"));
        const reply = await client.run(executeCommand(statementId, [int(1)]));
        expect(reply.errorCode).toBe(0);
        expect(reply.packets.some((one) => one.includes("Alien"))).toBe(true);
        const other = await client.run(prepareCommand(BOUND));
        await client.run(initDbCommand("test"));
        expect(await hits(() => client.run(executeCommand(statementId, [int(1)])))).toBe(1);
        // Prepared elsewhere, it is not what the cache of this schema answers.
        const away = await client.run(executeCommand(other.statementId, [int(1)]));
        expect(away.packets.some((one) => one.includes("Elsewhere"))).toBe(true);
      });
    }
  });

  test("uses a cache made later for what it prepared before", async () => {
    await withClient(async (client) => {
      await run(client, "SET sql_mode = ''");
      const sql = `SELECT id, title FROM film WHERE id = ${flavour.length}`;
      const { statementId } = await client.run(prepareCommand(sql));
      await client.run(executeCommand(statementId, []));
      await run(client, "SET autocommit = 0");
      await run(client, "SET autocommit = 1");
      await under.router.cache(sql);
      await client.run(executeCommand(statementId, []));
      expect(await hits(() => client.run(executeCommand(statementId, [])))).toBe(1);
      await client.run(initDbCommand("elsewhere"));
      expect(await hits(() => client.run(executeCommand(statementId, [])))).toBe(0);
    });
  });

  test("remembers a write that was sent ahead of the reply to the one before", async () => {
    await withClient(async (client) => {
      await run(client, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await run(client, UNTIL_WRITE);
      await run(client, "BEGIN");
      expect(await hits(() => run(client, UNTIL_WRITE))).toBe(1);
      await run(client, "ROLLBACK");
      const sent = ["DO 1", "DELETE FROM film WHERE id = 90", "BEGIN"];
      for (const sql of [...sent.slice(1), "DELETE FROM film WHERE id = 91"]) {
        client.write(packet(0, queryCommand(sql, client.capabilities)));
      }
      for (let count = 0; count < 3; count += 1) await client.reply(3);
      expect(await hits(() => run(client, UNTIL_WRITE))).toBe(0);
      await run(client, "COMMIT");
      const { length } = under.router.positions;
      await run(client, READ);
      expect(under.router.positions.length).toBe(length + 1);
    });
  });

  test("waits for what it wrote in a statement of several that failed", async () => {
    await withClient(async (client) => {
      await run(client, READ);
      const failed = await run(client, "BEGIN; DELETE FROM film WHERE id = 90; SELECT * FROM nil");
      expect(failed.errorCode).toBe(1146);
      expect(await hits(() => run(client, READ))).toBe(0);
      await run(client, "COMMIT");
      const { length } = under.router.positions;
      expect(await hits(() => run(client, READ))).toBe(1);
      expect(under.router.positions.length).toBe(length + 1);
    });
  });

  test("knows the next transaction's isolation when it was set ahead of a reply", async () => {
    await withClient(async (client) => {
      await run(client, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await run(client, "BEGIN");
      for (const sql of ["COMMIT", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"]) {
        client.write(packet(0, queryCommand(sql, client.capabilities)));
      }
      await client.reply(3);
      await client.reply(3);
      await run(client, "BEGIN");
      expect(await hits(() => run(client, UNTIL_WRITE))).toBe(0);
      await run(client, "COMMIT");
    });
  });

  test("may do anything in a text that only the upstream can cut into tokens", async () => {
    await withClient(async (client) => {
      await run(client, READ);
      await run(client, "SET NAMES gbk");
      // GBK's second byte is a backslash: the string ends, and a table is hidden.
      const sql = "SELECT '\xbf\x5c'; CREATE TEMPORARY TABLE film (id INT, title VARCHAR(20)) -- '";
      expect((await raw(client, sql)).errorCode).toBe(0);
      await run(client, "SET NAMES utf8mb4");
      expect(await hits(() => run(client, READ))).toBe(0);
    });
    await withClient(async (client) => {
      await run(client, READ);
      const { length } = under.router.positions;
      for (const one of [
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "SELECT '\\'; DELETE FROM film WHERE id = 90 -- '",
        "SET sql_mode = ''",
      ]) {
        client.write(packet(0, queryCommand(one, client.capabilities)));
      }
      for (let count = 0; count < 3; count += 1) await client.reply(3);
      expect(await hits(() => run(client, READ))).toBe(1);
      expect(under.router.positions.length).toBe(length + 1);
    });
  });

  test("binds types in an execution too long to be looked at", async () => {
    await withClient(async (client) => {
      const { statementId } = await client.run(prepareCommand(BY_TITLE));
      const id = async (payload: Buffer) => {
        const reply = await client.run(payload);
        expect(reply.errorCode).toBe(0);
        return reply.packets.length;
      };
      const without = (payload: Buffer) => {
        // One parameter: the bitmap, the flag, two bytes of type.
        const bytes = Buffer.concat([payload.subarray(0, 12), payload.subarray(14)]);
        bytes[11] = 0;
        return bytes;
      };
      expect(await hits(() => id(executeCommand(statementId, [text("Alien")])))).toBe(1);
      // Its types were bound while the cache answered.
      await id(without(executeCommand(statementId, [text("x".repeat(400_000))])));
      expect(await hits(() => id(without(executeCommand(statementId, [text("Alien")]))))).toBe(1);
    });
    await withClient(async (client) => {
      const { statementId } = await client.run(prepareCommand(BOUND));
      const { packets } = await client.run(executeCommand(statementId, [int(1)]));
      await client.run(executeCommand(statementId, [text(`1${" ".repeat(400_000)}`)]));
      const again = executeCommand(statementId, [text("1   ")]);
      const bytes = Buffer.concat([again.subarray(0, 12), again.subarray(14)]);
      bytes[11] = 0;
      const reply = await client.run(bytes);
      expect(reply.errorCode).toBe(0);
      expect(reply.packets.length).toBe(packets.length);
    });
  });

  test("may ask about a hit whose statement it has closed", async () => {
    for (let round = 0; round < 2; round += 1) {
      await withClient(async (client) => {
        const { statementId } = await client.run(prepareCommand(BOUND));
        if (round === 0) await run(client, "SELECT id FROM film");
        expect(await hits(() => client.run(executeCommand(statementId, [int(1)])))).toBe(1);
        await client.run(closeStatementCommand(statementId));
        expect(await rows(client, "SHOW WARNINGS")).toEqual([]);
        expect(await hits(() => run(client, READ))).toBe(1);
        expect(await rows(client, "SELECT FOUND_ROWS()")).toEqual([["1"]]);
      });
    }
  });

  test.each(["SET GLOBAL time_zone = '+05:00'", "SET @@global.time_zone = '+05:00'"])(
    "begins with the settings that another set: %s",
    async (sql) => {
      const zone = async () => {
        let found = "";
        await withClient(async (client) => {
          await run(client, READ);
          found = (await rows(client, "SELECT @@time_zone"))[0]?.[0] ?? "";
          expect(await hits(() => run(client, ZONED))).toBe(1);
          const reply = await run(client, ZONED);
          found += ` ${rowsOf(reply, client.capabilities, 1)[0]?.[0] ?? ""}`;
        });
        return found;
      };
      await withClient(async (client) => {
        await run(client, "SET GLOBAL time_zone = '+00:00'");
        expect(await zone()).toBe("+00:00 2024-01-01 00:00:00");
        await run(client, sql);
        // Not asked about anything, the session has no connection of its own.
        await withClient(async (other) => {
          const reply = await run(other, ZONED);
          expect(rowsOf(reply, other.capabilities, 1)).toEqual([["2024-01-01 05:00:00"]]);
        });
        await run(client, "SET GLOBAL time_zone = '+00:00'");
      });
    },
  );
});
