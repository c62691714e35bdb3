import {
  closeStatementCommand,
  COMMAND,
  CURSOR,
  executeCommand,
  type EncodedParam,
  fetchCommand,
  fieldListCommand,
  initDbCommand,
  longDataCommand,
  pingCommand,
  prepareCommand,
  processKillCommand,
  queryCommand,
  resetConnectionCommand,
  resetStatementCommand,
  setOptionCommand,
  TYPE,
} from "@freshet/mysql-wire";
import type { RawClient } from "./raw-client.ts";

export interface GoldenStep {
  readonly payload: Buffer;
  /** Answers LOCAL INFILE. */
  readonly file?: Buffer[];
}

export type GoldenScript = (client: RawClient) => GoldenStep[];

const step = (payload: Buffer): GoldenStep => ({ payload });

export const int = (value: number): EncodedParam => ({
  typeId: TYPE.long,
  write: (out) => out.uint32(value),
});
export const bigint = (value: bigint): EncodedParam => ({
  typeId: TYPE.longlong,
  write: (out) => out.uint64(value),
});
export const double = (value: number): EncodedParam => ({
  typeId: TYPE.double,
  write: (out) => out.double(value),
});
export const text = (value: string): EncodedParam => ({
  typeId: TYPE.varString,
  write: (out) => out.lenencBytes(Buffer.from(value, "utf8")),
});
export const nothing: EncodedParam = { typeId: TYPE.null, write: null };

const q = (client: RawClient, ...texts: readonly string[]): GoldenStep[] =>
  texts.map((one) => step(queryCommand(Buffer.from(one).toString("latin1"), client.capabilities)));

/** Statements that every script finds done. */
export const GOLDEN_SETUP: readonly string[] = [
  "DROP TABLE IF EXISTS film, empty_one",
  "DROP PROCEDURE IF EXISTS several",
  "CREATE TABLE film (id INT PRIMARY KEY AUTO_INCREMENT, title VARCHAR(60) NOT NULL, year YEAR, rate DECIMAL(5,2), seen DATETIME(3), plot TEXT, big BIGINT UNSIGNED)",
  "CREATE TABLE empty_one (a INT)",
  "INSERT INTO film VALUES (1,'Alien',1979,4.99,'1979-05-25 12:00:00.5','In space…',18446744073709551615),(2,'Brazil',1985,NULL,NULL,NULL,0),(3,'Céline',1974,0.10,'1974-09-18 00:00:00',REPEAT('x',300),7)",
  "CREATE PROCEDURE several(IN n INT, OUT m INT) BEGIN SELECT id FROM film WHERE id <= n; SELECT title FROM film WHERE id = n; SET m = n * 2; END",
];

export const GOLDEN_SCRIPTS: Readonly<Record<string, GoldenScript>> = {
  "plain reads": (c) =>
    q(
      c,
      "SELECT * FROM film ORDER BY id",
      "select id, title from film where id = 2",
      "SELECT * FROM empty_one",
      "SELECT 1, 'x', NULL, 1.5, 1e10",
    ),
  "errors and empty statements": (c) =>
    q(c, "SELEC 1", "SELECT nothing FROM film", "", ";", "SELECT * FROM absent", "SELECT 1;"),
  writes: (c) =>
    q(
      c,
      "INSERT INTO film (title) VALUES ('Dune')",
      "UPDATE film SET rate = 1 WHERE id < 3",
      "UPDATE film SET rate = 1 WHERE id < 3",
      "DELETE FROM film WHERE id = 4",
      "SELECT COUNT(*) FROM film",
      "INSERT INTO film (id, title) VALUES (1, 'twice')",
    ),
  transactions: (c) =>
    q(
      c,
      "BEGIN",
      "INSERT INTO film (title) VALUES ('Dune')",
      "SELECT COUNT(*) FROM film",
      "ROLLBACK",
      "SELECT COUNT(*) FROM film",
      "SET autocommit = 0",
      "SELECT COUNT(*) FROM film",
      "COMMIT",
      "SET autocommit = 1",
      "START TRANSACTION READ ONLY",
      "UPDATE film SET rate = 2",
      "COMMIT",
    ),
  "several statements and results": (c) =>
    q(
      c,
      "SELECT 1; SELECT 2; SELECT id FROM film",
      "SELECT 1; SELEC 2; SELECT 3",
      "INSERT INTO film (title) VALUES ('x'); SELECT ROW_COUNT()",
      "CALL several(2, @m)",
      "SELECT @m",
    ),
  "multi statements off and on": (c) => [
    step(setOptionCommand(1)),
    ...q(c, "SELECT 1; SELECT 2"),
    step(setOptionCommand(0)),
    ...q(c, "SELECT 1; SELECT 2"),
  ],
  "settings and variables": (c) =>
    q(
      c,
      "SET NAMES utf8mb4",
      "SELECT @@sql_mode",
      "SET SESSION sql_mode = 'ANSI_QUOTES'",
      'SELECT "title" FROM film WHERE id = 1',
      "SET @x = 5",
      "SELECT @x + 1",
      "USE test",
      "SELECT DATABASE()",
      "SET NAMES latin1",
      "SELECT title FROM film",
      "SET character_set_results = NULL",
      "SELECT title FROM film",
    ),
  "short commands": (c) => [
    step(pingCommand()),
    step(initDbCommand("mysql")),
    step(initDbCommand("absent")),
    ...q(c, "SELECT DATABASE()"),
    step(initDbCommand("test")),
    step(fieldListCommand("film")),
    step(fieldListCommand("film", "t%")),
    step(Buffer.from([COMMAND.debug])),
    step(processKillCommand(123_456_789)),
    step(resetConnectionCommand()),
    ...q(c, "SELECT DATABASE(), @x"),
    step(pingCommand()),
  ],
  "prepared statements": (c) => [
    step(prepareCommand("SELECT * FROM film WHERE id = ?")),
    step(executeCommand(1, [int(1)])),
    step(executeCommand(1, [int(3)])),
    step(executeCommand(1, [nothing])),
    step(prepareCommand("INSERT INTO film (title, rate) VALUES (?, ?)")),
    step(executeCommand(2, [text("Ran"), text("3.25")])),
    step(executeCommand(2, [text("Ikiru"), nothing])),
    step(prepareCommand("SELECT 1")),
    step(executeCommand(3, [])),
    step(prepareCommand("SELEC 1")),
    step(prepareCommand("SELECT ?, title FROM film LIMIT ?")),
    step(executeCommand(4, [text("é"), bigint(2n)])),
    step(executeCommand(99, [])),
    step(resetStatementCommand(1)),
    step(resetStatementCommand(99)),
    step(executeCommand(1, [double(2)])),
    ...q(c, "SELECT id, title, rate FROM film ORDER BY id"),
  ],
  "long data": () => [
    step(prepareCommand("INSERT INTO film (title, plot) VALUES (?, ?)")),
    step(longDataCommand(1, 1, Buffer.from("abc"))),
    step(longDataCommand(1, 1, Buffer.from("def"))),
    step(executeCommand(1, [text("Long"), text("")])),
    step(longDataCommand(1, 1, Buffer.from("gone"))),
    step(resetStatementCommand(1)),
    step(executeCommand(1, [text("Short"), text("now")])),
    step(prepareCommand("SELECT title, plot FROM film WHERE id > ?")),
    step(executeCommand(2, [int(3)])),
  ],
  cursors: () => [
    step(prepareCommand("SELECT id, title FROM film ORDER BY id")),
    step(executeCommand(1, [], CURSOR.readOnly)),
    step(fetchCommand(1, 2)),
    step(prepareCommand("SELECT id FROM film WHERE id > ? ORDER BY id")),
    step(executeCommand(2, [int(0)], CURSOR.readOnly)),
    step(fetchCommand(2, 1)),
    step(fetchCommand(1, 5)),
    step(fetchCommand(2, 5)),
    step(fetchCommand(1, 5)),
    step(executeCommand(1, [], CURSOR.readOnly)),
    step(closeStatementCommand(1)),
    step(fetchCommand(1, 5)),
    step(prepareCommand("SELECT 2")),
  ],
  "statements run and dropped by SQL": (c) => [
    ...q(
      c,
      "PREPARE p FROM 'SELECT title FROM film WHERE id = ?'",
      "SET @id = 2",
      "EXECUTE p USING @id",
      "DEALLOCATE PREPARE p",
      "EXECUTE p USING @id",
    ),
    step(prepareCommand("CALL several(?, @m)")),
    step(executeCommand(1, [int(1)])),
    step(prepareCommand("KILL ?")),
  ],
  diagnostics: (c) =>
    q(
      c,
      "SELECT CAST('1x' AS SIGNED)",
      "SHOW WARNINGS",
      "SELECT SQL_CALC_FOUND_ROWS id FROM film LIMIT 1",
      "SELECT FOUND_ROWS()",
      "UPDATE film SET rate = 3",
      "SELECT ROW_COUNT()",
      "SHOW COUNT(*) ERRORS",
    ),
  "local infile": (c) => [
    {
      payload: queryCommand(
        "LOAD DATA LOCAL INFILE 'x' INTO TABLE film FIELDS TERMINATED BY ',' (title, rate)",
        c.capabilities,
      ),
      file: [Buffer.from("Solaris,1.5\nStal"), Buffer.from("ker,2\n")],
    },
    ...q(c, "SELECT title, rate FROM film WHERE id > 3", "SHOW WARNINGS"),
    {
      payload: queryCommand("LOAD DATA LOCAL INFILE 'y' INTO TABLE absent", c.capabilities),
      file: [],
    },
    {
      payload: queryCommand("LOAD DATA LOCAL INFILE 'y' INTO TABLE film (title)", c.capabilities),
      file: [],
    },
    ...q(c, "SELECT COUNT(*) FROM film"),
  ],
  "unknown commands": (c) => [step(Buffer.from([0x60])), ...q(c, "SELECT 1")],
};
