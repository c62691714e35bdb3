import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { type SqlType, type Value, mysqlTextCodec, typeOfMysqlColumn } from "@freshet/types";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { columnCases } from "../../../types/src/mysql/value-corpus.testing.ts";
import { TYPE } from "../column-types.ts";
import { BinlogError } from "./binlog-error.ts";
import type { BinlogEvent } from "./events.ts";
import { type ImageRow, compileRowDecoder } from "./row-decoder.ts";
import {
  FLAVOURS,
  capture,
  connect,
  decodeAll,
  rawRows,
  rowsWithMaps,
} from "./testing/binlog-capture.ts";
import { JSON_CORPUS } from "./testing/json-corpus.data.ts";
import { TYPE_CORPUS } from "./testing/type-corpus.ts";

const ID: SqlType = { kind: "int", upstreamId: TYPE.long, name: "int", modifier: -1 };
const MEMBERS = ["a,b", "it''s", "back\\\\slash", "line\\nbreak", "é", 'quo"te', "%_", "x y"];
const memberList = (members: readonly string[]): string =>
  members.map((member) => `'${member}'`).join(", ");
const SEED = 20260728;

interface Case {
  readonly ddl: string;
  readonly values: readonly string[];
}

const CASES: readonly Case[] = [
  ...TYPE_CORPUS.map(({ ddl, values }) => ({ ddl, values })),
  ...columnCases(SEED).map(({ column, values }) => ({ ddl: column, values })),
  ...["enum", "set"].flatMap((kind) =>
    ["utf8mb4", "latin1"].map((charset) => ({
      // A member of a set has no comma.
      ddl: `${kind}(${memberList(MEMBERS.slice(kind === "set" ? 1 : 0))}) character set ${charset}`,
      values: kind === "enum" ? MEMBERS.map((_, index) => `${index + 1}`) : ["127", "18", "0"],
    })),
  ),
];

/** Expressions whose text is the whole value. */
function expressionOf(type: SqlType): string {
  if (type.kind === "float4" || type.kind === "float8") return "v * 1e0";
  return type.upstreamId === TYPE.bit ? "v + 0" : "v";
}

function valueOf(type: SqlType, text: Buffer | null): Value {
  if (text === null) return null;
  if (type.kind === "bytes") return mysqlTextCodec.parse(type, `\\x${text.toString("hex")}`);
  return mysqlTextCodec.parse(type, text.toString());
}

/** Values of column `v` in all images of the captured events, in order. */
function imagesOf(events: readonly BinlogEvent[], type: SqlType) {
  const inserted: unknown[] = [];
  const deleted: unknown[] = [];
  const second = ([, value]: ImageRow): unknown => value;
  for (const { map, rows } of rowsWithMaps(events)) {
    const decoder = compileRowDecoder(map, [ID, type]);
    if ("mismatch" in decoder) throw new Error(decoder.mismatch);
    const { before, after, missing } = decoder.decode(rows);
    expect(missing).toEqual([]);
    if (rows.action === "insert") inserted.push(...(after ?? []).map(second));
    if (rows.action === "delete") deleted.push(...(before ?? []).map(second));
  }
  return { inserted, deleted };
}

describe.each(FLAVOURS)("values of %s", (flavour) => {
  let server: EmbeddedMysql;
  let connection: Connection;

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    connection = await connect(server);
  }, 120_000);

  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  async function catalogueType(): Promise<SqlType> {
    const [row] = await rawRows(
      connection,
      "SELECT data_type, column_type, character_set_name, collation_name," +
        " character_maximum_length, numeric_precision, numeric_scale, datetime_precision" +
        " FROM information_schema.columns" +
        " WHERE table_schema = 'test' AND table_name = 't' AND column_name = 'v'",
    );
    const [dataType, columnType, characterSet, collation, ...numbers] = (row ?? []).map(
      (value) => value?.toString() ?? null,
    );
    const [length, precision, scale, digits] = numbers.map((text) =>
      text === null ? null : Number(text),
    );
    const type = typeOfMysqlColumn({
      dataType: dataType ?? "",
      columnType: columnType ?? "",
      characterSet: characterSet ?? null,
      collation: collation ?? null,
      length: length ?? null,
      precision: precision ?? null,
      scale: scale ?? null,
      fractionalDigits: digits ?? null,
    });
    if (typeof type === "string") throw new Error(type);
    return type;
  }

  async function agrees({ ddl, values }: Case): Promise<void> {
    await connection.query("DROP TABLE IF EXISTS t");
    await connection.query(`CREATE TABLE t (id int PRIMARY KEY, v ${ddl})`);
    const type = await catalogueType();
    let selected: readonly (readonly (Buffer | null)[])[] = [];
    const events = await capture(server, connection, async () => {
      const rows = [...values, "NULL"].map((value, index) => `(${index}, ${value})`);
      await connection.query(`INSERT IGNORE INTO t VALUES ${rows.join(", ")}`);
      selected = await rawRows(connection, `SELECT ${expressionOf(type)} FROM t ORDER BY id`);
      await connection.query("DELETE FROM t ORDER BY id");
    });
    const expected = selected.map(([text]) => valueOf(type, text ?? null));
    const { inserted, deleted } = imagesOf(decodeAll(events), type);
    expect(inserted).toStrictEqual(expected);
    expect(deleted).toStrictEqual(expected);
    expect(expected).toHaveLength(values.length + 1);
  }

  for (const column of CASES) {
    it(`are the same in the log as in a result: ${column.ddl.slice(0, 70)}`, async () => {
      await agrees(column);
    });
  }

  if (flavour === "mysql") {
    it("are the same in the log as in a result: json", async () => {
      await agrees({ ddl: "json", values: JSON_CORPUS });
    });
  }

  if (flavour === "mariadb") {
    it("without a Unicode text are told from others", async () => {
      await connection.query("DROP TABLE IF EXISTS t");
      await connection.query("CREATE TABLE t (id int, v varchar(5) CHARACTER SET utf8mb4)");
      const type = await catalogueType();
      const events = await capture(server, connection, async () => {
        await connection.query("INSERT INTO t VALUES (1, x'eda080')");
      });
      const decoded = decodeAll(events);
      expect(() => imagesOf(decoded, type)).toThrow(BinlogError);
      expect(() => imagesOf(decoded, type)).toThrow(
        "table test.t: a stored text is not valid UTF-8",
      );
    });
  }
});
