import { afterAll, beforeAll, describe, expect, test } from "vitest";
import mysql from "mysql2/promise";
import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { ByteScratch } from "../byte-scratch.ts";
import { compareValues, equalValues, isHashable, isOrderable } from "../compare.ts";
import { groupKey } from "../group-key.ts";
import { keyAppender } from "../ordered-key.ts";
import { compileLayout } from "../row-layout.ts";
import type { SqlType, Value } from "../value.ts";
import { sortedByPrefix } from "./sort-length.ts";
import { mysqlTextCodec } from "./text-codec.ts";
import { isBit, typeOfMysqlColumn } from "./types.ts";
import { columnCases } from "./value-corpus.testing.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260101);
const CASES = columnCases(SEED).map((one) => [one.column, one.values] as const);
/** As many values as are compared each with each. */
const COMPARED = 60;

type Present = Exclude<Value, null>;

describe.each(["mysql", "mariadb"] as const)(`values of %s (seed ${SEED})`, (flavour) => {
  let server: EmbeddedMysql;
  let connection: mysql.Connection;
  let tables = 0;

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    connection = await mysql.createConnection({
      uri: server.url(),
      charset: "utf8mb4",
      rowsAsArray: true,
      typeCast: (field) => field.buffer(),
    });
    await connection.query("SET sql_mode = '', time_zone = '+00:00'");
    await connection.query("SET NAMES utf8mb4");
  }, 120_000);

  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  async function select(sql: string): Promise<(Buffer | null)[][]> {
    const [rows] = await connection.query<mysql.RowDataPacket[][]>(sql);
    return rows as unknown as (Buffer | null)[][];
  }

  async function typeOf(table: string): Promise<SqlType | string> {
    const [row] = await select(
      `SELECT data_type, column_type, character_set_name, collation_name, character_maximum_length,
         numeric_precision, numeric_scale, datetime_precision
       FROM information_schema.columns WHERE table_name = '${table}' AND column_name = 'v'`,
    );
    const texts = row!.map((cell) => (cell === null ? null : cell.toString()));
    const number = (at: number): number | null => (texts[at] === null ? null : Number(texts[at]));
    return typeOfMysqlColumn({
      dataType: texts[0]!,
      columnType: texts[1]!,
      characterSet: texts[2]!,
      collation: texts[3]!,
      length: number(4),
      precision: number(5),
      scale: number(6),
      fractionalDigits: number(7),
    });
  }

  /** A table of the values, in order of `id`, and what the server says the column is. */
  async function filled(column: string, values: readonly string[]): Promise<[string, SqlType]> {
    tables += 1;
    const table = `t${tables}`;
    await connection.query(
      `CREATE TABLE ${table} (id INT PRIMARY KEY AUTO_INCREMENT, v ${column})`,
    );
    await connection.query(`INSERT INTO ${table} (v) VALUES ${values.map((v) => `(${v})`).join()}`);
    const type = await typeOf(table);
    if (typeof type === "string") throw new Error(`${column} is refused: ${type}`);
    return [table, type];
  }

  /** The canonical text, with which a FLOAT comes as all of its value. */
  function canonical(type: SqlType, cell: Buffer): string {
    return type.kind === "bytes" ? `\\x${cell.toString("hex")}` : cell.toString();
  }

  function readable(type: SqlType): string {
    if (isBit(type)) return "v + 0";
    return type.kind === "float4" ? "v * 1e0" : "v";
  }

  async function valuesOf(table: string, type: SqlType): Promise<Present[]> {
    const rows = await select(
      `SELECT ${readable(type)} FROM ${table} WHERE v IS NOT NULL ORDER BY id`,
    );
    return rows.map(([cell]) => mysqlTextCodec.parse(type, canonical(type, cell!))!);
  }

  test.each(CASES)("%s: text is printed as the server prints it", async (column, values) => {
    const [table, type] = await filled(column, values);
    const printed = await select(
      `SELECT ${isBit(type) ? "v + 0" : "v"} FROM ${table} WHERE v IS NOT NULL ORDER BY id`,
    );
    const parsed = await valuesOf(table, type);
    expect(parsed.length).toBeGreaterThan(1);
    const layout = compileLayout([type]);
    const wrong: string[] = [];
    printed.forEach(([cell], index) => {
      const text = canonical(type, cell!);
      const ours = mysqlTextCodec.print(type, parsed[index]!);
      if (ours !== text) wrong.push(`${text} became ${ours}`);
      const packed = layout.decodeRow(layout.encode([parsed[index]!]).copy())[0];
      expect(packed).toStrictEqual(parsed[index]);
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    await connection.query(`DROP TABLE ${table}`);
  });

  test.each(CASES)("%s: compares, groups and has keys as the server", async (column, values) => {
    const [table, type] = await filled(column, values.slice(-COMPARED));
    expect([isOrderable(type), isHashable(type)]).toEqual([null, null]);
    const parsed = await valuesOf(table, type);
    // ENUM compares as a number with itself only when told to.
    const operand = type.kind === "enum" ? "v + 0" : "v";
    const rows = await select(
      `SELECT a.${operand} < b.${operand}, a.${operand} > b.${operand}, a.${operand} <=> b.${operand}
       FROM ${table} a, ${table} b WHERE a.v IS NOT NULL AND b.v IS NOT NULL ORDER BY a.id, b.id`,
    );
    const append = keyAppender(type);
    const keys = parsed.map((value) => {
      const out = new ByteScratch(64);
      append(out, value);
      return out.copy();
    });
    const groups = parsed.map((value) => groupKey([type], [value]));
    const wrong: string[] = [];
    rows.forEach((row, at) => {
      const [less, greater, same] = row.map((cell) => cell!.toString() === "1");
      const left = Math.floor(at / parsed.length);
      const right = at % parsed.length;
      const sign = less === true ? -1 : greater === true ? 1 : 0;
      const agrees =
        Math.sign(compareValues(type, parsed[left]!, parsed[right]!)) === sign &&
        equalValues(type, parsed[left]!, parsed[right]!) === same &&
        Buffer.compare(keys[left]!, keys[right]!) === sign &&
        (groups[left] === groups[right]) === same;
      if (!agrees) wrong.push(`${String(parsed[left])} ${sign} ${String(parsed[right])}`);
    });
    expect(rows.length).toBe(parsed.length ** 2);
    expect(wrong.slice(0, 20)).toEqual([]);

    const ordered = await select(
      `SELECT ${readable(type)} FROM ${table} WHERE v IS NOT NULL ORDER BY v`,
    );
    const mine = [...parsed].sort((a, b) => compareValues(type, a, b));
    ordered.forEach(([cell], index) => {
      const theirs = mysqlTextCodec.parse(type, canonical(type, cell!))!;
      if (!equalValues(type, theirs, mine[index]!)) wrong.push(`place ${index}: ${String(theirs)}`);
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    await connection.query(`DROP TABLE ${table}`);
  });

  test("what is said to be sorted whole is, at its greatest length", async () => {
    const columns = ["varchar(510) charset utf8mb4 collate utf8mb4_general_ci"];
    columns.push("varchar(255) charset utf8mb4 collate utf8mb4_unicode_ci", "varbinary(1020)");
    columns.push(
      "varchar(255) charset utf8mb4 collate utf8mb4_bin",
      "varchar(1020) charset latin1",
    );
    columns.push(
      `varchar(3000) charset utf8mb4 collate utf8mb4_${flavour === "mysql" ? "0900_ai" : "general"}_ci`,
    );
    for (const column of columns) {
      await connection.query(`CREATE TABLE sorted (id INT PRIMARY KEY, v ${column})`);
      const type = (await typeOf("sorted")) as SqlType;
      const whole = column !== "varchar(3000) charset utf8mb4 collate utf8mb4_general_ci";
      expect([column, sortedByPrefix(type) === null]).toEqual([column, whole]);
      const filler = /unicode|_bin/.test(column) ? "\u{20000}" : "x";
      const start = filler.repeat(type.modifier - 1);
      const rows = ["c", "a", "d", "b"].map((end, id) => `(${id + 1},'${start}${end}')`);
      await connection.query(`INSERT INTO sorted VALUES ${rows.join()}`);
      const sorted = await select("SELECT id FROM sorted ORDER BY v, id");
      const ids = sorted.map(([id]) => id!.toString()).join("");
      expect([column, ids]).toEqual([column, whole ? "2413" : "1234"]);
      await connection.query("DROP TABLE sorted");
    }
  });

  if (flavour === "mariadb") {
    test("without padding a NUL sorts as the end does", async () => {
      const column = "varchar(20) charset utf8mb4 collate utf8mb4_nopad_bin";
      await connection.query(`CREATE TABLE sorted (id INT PRIMARY KEY, v ${column})`);
      expect(sortedByPrefix((await typeOf("sorted")) as SqlType)).toMatch(/NUL/);
      await connection.query("INSERT INTO sorted VALUES (1, 'a\\0'), (2, 'a')");
      const sorted = await select("SELECT id FROM sorted ORDER BY v, id");
      expect(sorted.map(([id]) => id!.toString()).join("")).toBe("12");
      await connection.query("DROP TABLE sorted");
    });
  }

  test("columns of other types are refused by name", async () => {
    const refused = ["geometry", "point", "varchar(9) charset utf16", "text charset koi8r"];
    refused.push("float zerofill", "decimal(5,2) zerofill", "enum('a','')");
    if (flavour === "mariadb") refused.push("uuid", "inet6", "varchar(9) compressed");
    for (const column of refused) {
      await connection.query(`CREATE TABLE refused (v ${column})`);
      expect([column, typeof (await typeOf("refused"))]).toEqual([column, "string"]);
      await connection.query("DROP TABLE refused");
    }
  });
});
