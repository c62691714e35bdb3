import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLIENT, CURSOR, SERVER_STATUS } from "../capabilities.ts";
import { COMMAND } from "../command-codes.ts";
import {
  closeStatementCommand,
  fetchCommand,
  fieldListCommand,
  initDbCommand,
  longDataCommand,
  pingCommand,
  prepareCommand,
  processKillCommand,
  resetConnectionCommand,
  resetStatementCommand,
  setOptionCommand,
  statisticsCommand,
} from "../commands/encoders.ts";
import { executeCommand } from "../commands/execute.ts";
import type { EncodedParam } from "../commands/execute.ts";
import { OPTION } from "../commands/parsers.ts";
import { queryCommand } from "../commands/query.ts";
import { TYPE } from "../column-types.ts";
import { BASE_CAPABILITIES, WireClient } from "../wire-client.testing.ts";
import type { SeenPacket } from "../wire-client.testing.ts";
import { columnDefinition, parseColumnDefinition } from "./column-definition.ts";
import { parseErr } from "./err.ts";
import { okPacket, parseOk } from "./ok.ts";
import { parsePrepareOk } from "./prepare-ok.ts";

const VARIANTS = (["mysql", "mariadb"] as const).flatMap((flavour) => [
  { flavour, deprecateEof: false },
  { flavour, deprecateEof: true },
]);

const servers = new Map<string, EmbeddedMysql>();

beforeAll(async () => {
  for (const flavour of ["mysql", "mariadb"] as const) {
    servers.set(flavour, await EmbeddedMysql.start({ flavour }));
  }
}, 120_000);

afterAll(async () => {
  for (const server of servers.values()) await server.stop();
});

describe.each(VARIANTS)("replies of $flavour, DEPRECATE_EOF $deprecateEof", (variant) => {
  let client: WireClient;
  const flags = BASE_CAPABILITIES | (variant.deprecateEof ? CLIENT.deprecateEof : 0);

  beforeAll(async () => {
    const server = servers.get(variant.flavour)!;
    client = await WireClient.connect(server.port, "root", "root", flags);
    for (const text of [
      "DROP TABLE IF EXISTS t, big, lines_in",
      "DROP PROCEDURE IF EXISTS p",
      "DROP PROCEDURE IF EXISTS o",
      "DROP FUNCTION IF EXISTS f",
      "CREATE TABLE t (id int primary key, name varchar(20))",
      "INSERT INTO t VALUES (1,'a'),(2,NULL),(3,'c'),(4,'d'),(5,'e')",
      "CREATE TABLE lines_in (a text)",
      "CREATE PROCEDURE p() BEGIN SELECT * FROM t; SELECT 1; END",
      "CREATE PROCEDURE o(OUT x int) BEGIN SELECT 1; SET x = 7; END",
      "CREATE FUNCTION f(i int) RETURNS int DETERMINISTIC BEGIN IF i > 3 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'too far'; END IF; RETURN i; END",
      "SET GLOBAL log_bin_trust_function_creators = 1",
    ]) {
      await query(text);
    }
  });

  afterAll(() => client.close());

  async function query(text: string, infile: readonly Buffer[] = []): Promise<SeenPacket[]> {
    return exact(await client.command(queryCommand(text, flags), infile));
  }

  /** The reply ended where the server's did: a PING after it is answered by packet 1. */
  async function exact(seen: SeenPacket[]): Promise<SeenPacket[]> {
    const { status, errorCode } = client.tracker;
    const pong = await client.command(pingCommand());
    expect(pong.map(({ kind, sequence }) => [kind, sequence])).toEqual([["ok", 1]]);
    client.tracker.status = status;
    client.tracker.errorCode = errorCode;
    return seen;
  }

  const kinds = (seen: readonly SeenPacket[]) => seen.map(({ kind }) => kind);
  const eof = variant.deprecateEof ? [] : (["metadata-end"] as const);
  const rows = (columns: number, count: number) => [
    "column-count",
    ...Array<string>(columns).fill("column"),
    ...eof,
    ...Array<string>(count).fill("row"),
    "rows-end",
  ];

  test("a SELECT, with rows and without", async () => {
    expect(kinds(await query("SELECT * FROM t ORDER BY id"))).toEqual(rows(2, 5));
    expect(kinds(await query("SELECT * FROM t WHERE id > 9"))).toEqual(rows(2, 0));
    expect(client.tracker.status & SERVER_STATUS.autocommit).not.toBe(0);
  });

  test("column definitions are written as they were read", async () => {
    const seen = await query("SELECT t.*, id + 1 AS x, NOW(6), 'é' FROM t AS u JOIN t USING (id)");
    const columns = seen.filter(({ kind }) => kind === "column");
    expect(columns.length).toBe(5);
    for (const { payload } of columns) {
      const parsed = parseColumnDefinition(payload, 0, payload.length);
      expect(columnDefinition(parsed).toString("hex")).toBe(payload.toString("hex"));
    }
  });

  test("transaction state and session changes come with OK", async () => {
    await query("BEGIN");
    expect(client.tracker.status & SERVER_STATUS.inTransaction).not.toBe(0);
    await query("COMMIT");
    expect(client.tracker.status & SERVER_STATUS.inTransaction).toBe(0);
    const [ok] = await query("SET NAMES latin1");
    const parsed = parseOk(ok!.payload, 0, ok!.payload.length, flags);
    expect(parsed.sessionChanges).toContainEqual({
      kind: "variable",
      name: "character_set_client",
      value: "latin1",
    });
    const again = okPacket(parsed, flags);
    expect(parseOk(again, 0, again.length, flags)).toEqual(parsed);
    const [used] = await exact(await client.command(initDbCommand("test")));
    expect(parseOk(used!.payload, 0, used!.payload.length, flags).sessionChanges).toContainEqual({
      kind: "schema",
      name: "test",
    });
    await query("SET NAMES utf8mb4");
  });

  test("several statements in one text, the last one failing", async () => {
    const seen = await query("SELECT 1; DO 1; SELECT id FROM t; SELECT nothing; SELECT 3");
    expect(kinds(seen)).toEqual([...rows(1, 1), "ok", ...rows(1, 5), "error"]);
    expect(seen.filter(({ moreResults }) => moreResults).length).toBeGreaterThan(0);
    expect(client.tracker.errorCode).toBe(1054);
  });

  test("CALL of a procedure with two results", async () => {
    expect(kinds(await query("CALL p()"))).toEqual([...rows(2, 5), ...rows(1, 1), "ok"]);
  });

  test("an error in the middle of the rows", async () => {
    const seen = await query("SELECT f(id) FROM t FORCE INDEX (PRIMARY) ORDER BY id");
    expect(seen.at(-1)?.kind).toBe("error");
    expect(kinds(seen)).toContain("row");
    const { payload } = seen.at(-1)!;
    expect(parseErr(payload, 0, payload.length)).toEqual({
      code: 1644,
      sqlState: "45000",
      message: "too far",
    });
  });

  test("rows longer than 16 MB, exact multiples included", async () => {
    await query("SET SESSION max_statement_time = 0").catch(() => undefined);
    for (const bytes of [20_000_000, 0xffffff - 9, 0xffffff - 4, 0xffffff * 2 - 9]) {
      const seen = await query(`SELECT REPEAT('x', ${bytes}), 1 UNION ALL SELECT 'y', 2`);
      const body = kinds(seen).filter((kind) => kind === "row" || kind === "continuation");
      const long = bytes + (bytes > 0xffffff - 1 ? 9 : 4) + 2;
      expect(body.length).toBe(Math.floor(long / 0xffffff) + 2);
      expect(seen.at(-1)?.kind).toBe("rows-end");
    }
  });

  test("LOCAL INFILE", async () => {
    const load = "LOAD DATA LOCAL INFILE 'any' INTO TABLE lines_in";
    const seen = await query(load, [Buffer.from("a\nb\n"), Buffer.from("c\n")]);
    expect(kinds(seen)).toEqual(["infile", "ok"]);
    expect(kinds(await query(`${load}; SELECT 1`, []))).toEqual(["infile", "ok", ...rows(1, 1)]);
    expect(kinds(await query("SELECT COUNT(*) FROM lines_in"))).toEqual(rows(1, 1));
    const missing = await query(load.replace("lines_in", "no_such_table"), [Buffer.from("x\n")]);
    expect(missing.at(-1)?.kind).toBe("error");
  });

  const int = (value: number): EncodedParam => ({
    typeId: TYPE.long,
    write: (out) => out.uint32(value),
  });

  async function prepare(text: string, expected: readonly string[]): Promise<number> {
    const seen = await exact(await client.command(prepareCommand(text)));
    expect(kinds(seen)).toEqual(expected);
    return parsePrepareOk(seen[0]!.payload, 0, seen[0]!.payload.length).statementId;
  }

  test("PREPARE, EXECUTE, RESET and CLOSE", async () => {
    const id = await prepare("SELECT id, name FROM t WHERE id > ?", [
      "prepare-ok",
      "param",
      ...eof,
      "column",
      "column",
      ...eof,
    ]);
    const execute = executeCommand(id, [int(3)]);
    expect(kinds(await exact(await client.command(execute)))).toEqual(rows(2, 2));
    expect(kinds(await client.command(resetStatementCommand(id)))).toEqual(["ok"]);
    expect(await client.command(longDataCommand(id, 0, Buffer.from("3")))).toEqual([]);
    expect(await client.command(closeStatementCommand(id))).toEqual([]);
    expect(kinds(await exact(await client.command(execute)))).toEqual(["error"]);
    await prepare("DO 1", ["prepare-ok"]);
    await prepare("SELECT", ["error"]);
    await prepare("INSERT INTO t VALUES (?, ?)", ["prepare-ok", "param", "param", ...eof]);
  });

  test("a cursor and its fetches", async () => {
    const id = await prepare("SELECT id FROM t ORDER BY id", ["prepare-ok", "column", ...eof]);
    const opened = await exact(await client.command(executeCommand(id, [], CURSOR.readOnly)));
    expect(kinds(opened)).toEqual(
      variant.deprecateEof
        ? ["column-count", "column", "rows-end"]
        : ["column-count", "column", "metadata-end"],
    );
    expect(client.tracker.status & SERVER_STATUS.cursorExists).not.toBe(0);
    const some = await exact(await client.command(fetchCommand(id, 2)));
    expect(kinds(some)).toEqual(["row", "row", "rows-end"]);
    const rest = await exact(await client.command(fetchCommand(id, 10)));
    expect(kinds(rest)).toEqual(["row", "row", "row", "rows-end"]);
    expect(client.tracker.status & SERVER_STATUS.lastRowSent).not.toBe(0);
  });

  test("an OUT parameter of a prepared CALL", async () => {
    const id = await prepare("CALL o(?)", ["prepare-ok", "param", ...eof]);
    const nothing = { typeId: TYPE.null, write: null };
    const seen = await exact(await client.command(executeCommand(id, [nothing])));
    expect(kinds(seen)).toEqual([...rows(1, 1), ...rows(1, 1), "ok"]);
  });

  test("commands without rows", async () => {
    for (const command of [
      setOptionCommand(OPTION.multiStatementsOn),
      initDbCommand("test"),
      resetConnectionCommand(),
      Buffer.from([COMMAND.debug]),
    ]) {
      expect(kinds(await exact(await client.command(command)))).toEqual(["ok"]);
    }
    expect(kinds(await exact(await client.command(statisticsCommand())))).toEqual(["text"]);
    for (const command of [
      processKillCommand(0x7fffffff),
      initDbCommand("nowhere"),
      Buffer.from([0x7e]),
    ]) {
      expect(kinds(await exact(await client.command(command)))).toEqual(["error"]);
    }
    const fields = kinds(await exact(await client.command(fieldListCommand("t"))));
    expect([["column", "column", "rows-end"], ["error"]]).toContainEqual(fields);
  });
});
