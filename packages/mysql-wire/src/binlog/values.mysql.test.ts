import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import type { SqlType, Value } from "@freshet/types";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TYPE } from "../column-types.ts";
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
import { printValue } from "./testing/print-value.ts";
import { type CorpusColumn, TYPE_CORPUS } from "./testing/type-corpus.ts";

const ID: SqlType = { kind: "int", upstreamId: TYPE.long, name: "int", modifier: -1 };
const JSON_COLUMN: CorpusColumn = {
  ddl: "json",
  type: { kind: "opaque", upstreamId: TYPE.json, name: "json", modifier: -1 },
  values: JSON_CORPUS,
};

/** The same wherever the value came from. */
function comparable(type: SqlType, value: Value): string {
  if (value === null) return "NULL";
  if (type.kind === "float4" || type.kind === "float8") {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  return printValue(type, value);
}

function comparableText(type: SqlType, text: Buffer | null): string {
  if (text === null) return "NULL";
  if (type.kind === "bytes") return `\\x${text.toString("hex")}`;
  if (type.kind === "float4" || type.kind === "float8") {
    const value = Number(text.toString());
    return Object.is(value, -0) ? "-0" : String(value);
  }
  return text.toString();
}

/** Rows of all images of the captured events, in order. */
function imagesOf(events: readonly BinlogEvent[], types: readonly SqlType[]) {
  const inserted: ImageRow[] = [];
  const deleted: ImageRow[] = [];
  for (const { map, rows } of rowsWithMaps(events)) {
    const decoder = compileRowDecoder(map, types);
    if ("mismatch" in decoder) throw new Error(decoder.mismatch);
    const { before, after, missing } = decoder.decode(rows);
    expect(missing).toEqual([]);
    if (rows.action !== "delete") inserted.push(...(after ?? []));
    if (rows.action === "delete") deleted.push(...(before ?? []));
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

  async function agrees(column: CorpusColumn): Promise<void> {
    await connection.query("DROP TABLE IF EXISTS t");
    await connection.query(`CREATE TABLE t (id int PRIMARY KEY, v ${column.ddl})`);
    let selected: readonly (readonly (Buffer | null)[])[] = [];
    const expression = (column.select ?? "?").replace("?", "v");
    const events = await capture(server, connection, async () => {
      const values = [...column.values, "NULL"].map((value, index) => `(${index}, ${value})`);
      await connection.query(`INSERT IGNORE INTO t VALUES ${values.join(", ")}`);
      selected = await rawRows(connection, `SELECT ${expression} FROM t ORDER BY id`);
      await connection.query("DELETE FROM t ORDER BY id");
    });
    const { inserted, deleted } = imagesOf(decodeAll(events), [ID, column.type]);
    const expected = selected.map(([text]) => comparableText(column.type, text ?? null));
    const print = ([, value]: ImageRow) => comparable(column.type, value as Value);
    expect(inserted.map(print)).toEqual(expected);
    expect(deleted.map(print)).toEqual(expected);
    expect(expected).toHaveLength(column.values.length + 1);
  }

  for (const column of TYPE_CORPUS) {
    it(`are the same in the log as in a result: ${column.ddl.slice(0, 60)}`, async () => {
      await agrees(column);
    });
  }

  it.runIf(flavour === "mysql")("are the same in the log as in a result: json", async () => {
    await agrees(JSON_COLUMN);
  });
});
