import ZongJi from "@vlasky/zongji";
import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { compileRowDecoder } from "@freshet/mysql-wire";
import { type SqlType, type Value, mysqlTextCodec } from "@freshet/types";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  FLAVOURS,
  capture,
  connect,
  decodeAll,
  rowsWithMaps,
} from "../../packages/mysql-wire/src/binlog/testing/binlog-capture.ts";
import { TYPE_CORPUS } from "../../packages/mysql-wire/src/binlog/testing/type-corpus.ts";

const ID: SqlType = { kind: "int", upstreamId: 3, name: "int", modifier: -1 };

/**
 * Without what it is known to get wrong: dates that do not exist, the year 0, negative times of
 * whole hours (`-24:00:00` becomes `-23:63:64`), the latin1 bytes without a cp1252 character,
 * enum values that are none of the members. `values.mysql.test.ts` compares all of them with the
 * server's own text.
 */
const MISREAD =
  /-00-|-02-31|0000-01|0001-01|^'-(23:59:59|\d\d:00:00)|^0$|'none'|x'(81|8d|8f|90|9d)78'/;
const COLUMNS = TYPE_CORPUS.filter(({ type }) => type.name !== "bit").map((column) => ({
  ...column,
  values: column.values.filter((value) => !MISREAD.test(value)),
}));

/** One text for both decoders' values. */
function ours(type: SqlType, value: Value): string {
  if (value === null) return "NULL";
  if (type.kind === "float4" || type.kind === "float8") return String(value);
  return mysqlTextCodec.print(type, value);
}

function theirs(type: SqlType, value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (Buffer.isBuffer(value)) return `\\x${value.toString("hex")}`;
  if (Array.isArray(value)) return value.join(",");
  if (type.kind === "bytes") return `\\x${Buffer.from(String(value), "latin1").toString("hex")}`;
  return String(value);
}

describe.each(FLAVOURS)("the binlog decoder and zongji agree on %s", (flavour) => {
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

  it("about every type", async () => {
    for (const [index, { ddl }] of COLUMNS.entries()) {
      await connection.query(`CREATE TABLE t${index} (id int PRIMARY KEY, v ${ddl})`);
    }
    const events = await capture(server, connection, async () => {
      for (const [index, { values }] of COLUMNS.entries()) {
        const rows = [...values, "NULL"].map((value, id) => `(${id}, ${value})`);
        await connection.query(`INSERT IGNORE INTO t${index} VALUES ${rows.join(", ")}`);
      }
    });
    const expected = new Map<string, string[]>();
    for (const { map, rows } of rowsWithMaps(decodeAll(events))) {
      const column = COLUMNS[Number(map.table.slice(1))];
      if (column === undefined) throw new Error(map.table);
      const decoder = compileRowDecoder(map, [ID, column.type]);
      if ("mismatch" in decoder) throw new Error(decoder.mismatch);
      const { after } = decoder.decode(rows);
      const list = (after ?? []).map(([, value]) => ours(column.type, value as Value));
      expected.set(map.table, [...(expected.get(map.table) ?? []), ...list]);
    }
    const heard = await hear(COLUMNS.length);
    for (const [index, column] of COLUMNS.entries()) {
      const rows = heard.get(`t${index}`)?.map((value) => theirs(column.type, value));
      expect.soft(rows, column.ddl).toEqual(expected.get(`t${index}`));
    }
  }, 60_000);

  /** Values of `v` that zongji reads, by table, from the start of the log. */
  async function hear(tables: number): Promise<Map<string, unknown[]>> {
    const url = new URL(server.url());
    const zongji = new ZongJi({
      host: url.hostname,
      port: Number(url.port),
      user: url.username,
      password: url.password,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
    });
    const heard = new Map<string, unknown[]>();
    try {
      await new Promise<void>((resolve, reject) => {
        zongji.on("error", reject);
        zongji.on("binlog", (heardEvent) => {
          const event = heardEvent as unknown as HeardRows;
          if (event.getEventName() !== "writerows") return;
          const table = event.tableMap[event.tableId]?.tableName ?? "";
          const list = heard.get(table) ?? [];
          list.push(...event.rows.map((row) => row["v"]));
          heard.set(table, list);
          const last = heard.get(`t${tables - 1}`)?.length ?? 0;
          if (last > (COLUMNS[tables - 1]?.values.length ?? 0)) resolve();
        });
        zongji.start({
          serverId: 77,
          includeEvents: ["tablemap", "writerows"],
          includeSchema: { test: true },
        });
      });
    } finally {
      zongji.stop();
    }
    return heard;
  }
});

interface HeardRows {
  getEventName(): string;
  readonly tableId: number;
  readonly tableMap: Readonly<Record<number, { readonly tableName: string }>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}
