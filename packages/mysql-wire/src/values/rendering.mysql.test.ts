import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import type { ValueKind } from "@freshet/types";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLIENT } from "../capabilities.ts";
import { COLUMN_FLAG, TYPE } from "../column-types.ts";
import { prepareCommand } from "../commands/encoders.ts";
import { executeCommand } from "../commands/execute.ts";
import { queryCommand } from "../commands/query.ts";
import { packets } from "../packet-builder.ts";
import { parseColumnDefinition } from "../replies/column-definition.ts";
import type { WireColumn } from "../replies/column-definition.ts";
import { parseErr } from "../replies/err.ts";
import { parsePrepareOk } from "../replies/prepare-ok.ts";
import { parseTextRow } from "../replies/text-row.ts";
import { BASE_CAPABILITIES, WireClient } from "../wire-client.testing.ts";
import type { SeenPacket } from "../wire-client.testing.ts";
import { compileRendering } from "./rendering.ts";
import type { RenderedColumn } from "./cell-plans.ts";

/** Rows of a real server, rendered from their canonical texts: the same bytes come out. */

const COLUMNS = {
  ti: "tinyint",
  tu: "tinyint unsigned",
  si: "smallint",
  mi: "mediumint",
  mu: "mediumint unsigned",
  i: "int",
  iu: "int unsigned",
  bi: "bigint",
  bu: "bigint unsigned",
  z: "int(8) zerofill",
  y: "year",
  f: "float",
  ff: "float(10,3)",
  d: "double",
  dd: "double(20,4)",
  de: "decimal(30,10)",
  dz: "decimal(8,2) zerofill",
  b1: "bit(1)",
  b12: "bit(12)",
  b64: "bit(64)",
  da: "date",
  dt: "datetime",
  dt6: "datetime(6)",
  dt3: "datetime(3)",
  ts: "timestamp null",
  ts4: "timestamp(4) null",
  t: "time",
  t2: "time(2)",
  c: "char(5)",
  v: "varchar(300)",
  te: "text",
  vb: "varbinary(300)",
  bl: "blob",
  e: "enum('a','b c')",
  s: "set('x','y','z')",
  j: "json",
} as const;

const ROWS: readonly Partial<Record<keyof typeof COLUMNS, string>>[] = [
  {},
  {
    ti: "-128",
    tu: "255",
    si: "-32768",
    mi: "-8388608",
    mu: "16777215",
    i: "-2147483648",
    iu: "4294967295",
    bi: "-9223372036854775808",
    bu: "18446744073709551615",
    z: "42",
    y: "2024",
    f: "1.1",
    ff: "12.5",
    d: "1e15",
    dd: "0.03125e0",
    de: "-1.5",
    dz: "1.5",
    b1: "1",
    b12: "5",
    b64: "18446744073709551615",
    da: "'2024-02-29'",
    dt: "'2024-02-29 23:59:59'",
    dt6: "'2024-02-29 23:59:59.000001'",
    dt3: "'2024-02-29 00:00:00.5'",
    ts: "'2024-02-29 23:59:59'",
    ts4: "'2024-12-31 23:59:59.1234'",
    t: "'-838:59:59'",
    t2: "'100:00:00.5'",
    c: "'é'",
    v: "repeat('ü', 300)",
    te: "repeat('t', 300)",
    vb: "x'00ff'",
    bl: "repeat(x'00', 300)",
    e: "'b c'",
    s: "'x,z'",
    j: "'{\"a\": [1, 2.5, null]}'",
  },
  {
    ti: "0",
    i: "0",
    bi: "0",
    z: "0",
    y: "0",
    f: "0",
    ff: "-0.0005",
    d: "0",
    dd: "0",
    de: "0",
    dz: "0",
    b12: "0",
    b64: "0",
    da: "'0000-00-00'",
    dt: "'0000-00-00'",
    dt6: "'0000-00-00'",
    dt3: "'2024-01-00 00:00:00'",
    ts: "'0000-00-00 00:00:00'",
    t: "'00:00:00'",
    t2: "'-00:00:00.01'",
    c: "''",
    v: "''",
    te: "''",
    vb: "''",
    bl: "''",
    e: "'a'",
    s: "''",
    j: "'\"\"'",
  },
];

/** Floats whose text is not all of their value: not rendered in binary. */
const LOSSY: ReadonlySet<string> = new Set(["f", "ff", "dd", "dx"]);

const FLOATS = [
  123456.5, 1234565, 1234575, -8388607.5, 999999.5, 1e14, 1e15, 1e-14, 1e-15, 1.5e-16, 3.4028235e38,
  1e-45, 100001.5, 0.1, 16777216, -1.17549435e-38, 33.333332, 1e21, 9.9999999e9,
];
const DOUBLES = [
  1e14,
  1e15,
  1e16,
  1e21,
  1e22,
  0.1 + 0.2,
  1e-14,
  1e-15,
  1e-16,
  1.7976931348623157e308,
  5e-324,
  1 / 3,
  100 / 3,
  123456789012345680,
  0.000012345678901234568,
  -1.5e-7,
  999999999999999.9,
  1e23,
];

function kindOf(name: string): ValueKind {
  const type = COLUMNS[name as keyof typeof COLUMNS] as string | undefined;
  if (type === undefined) return name.startsWith("f") ? "float4" : "float8";
  if (/^(bigint|bit)/.test(type)) return "bigint";
  if (/int|year/.test(type)) return "int";
  if (type.startsWith("float")) return "float4";
  if (type.startsWith("double")) return "float8";
  if (type.startsWith("decimal")) return "decimal";
  if (type === "date") return "civildate";
  if (type.startsWith("datetime")) return "civildatetime";
  if (type.startsWith("timestamp")) return "timestamptz";
  if (type.startsWith("time")) return "time";
  if (/blob|binary/.test(type)) return "bytes";
  if (type.startsWith("enum")) return "enum";
  return /set|json/.test(type) ? "opaque" : "text";
}

/** The expression whose text is the canonical text of a column. */
function canonical(name: string): string {
  switch (kindOf(name)) {
    case "float4":
      return `cast(${name} as double)`;
    case "bigint":
      return `${name} + 0`;
    case "bytes":
      return `concat('\\\\x', lower(hex(${name})))`;
    case "decimal":
      return name === "dz" ? "cast(dz as decimal(8,2))" : name;
    case "int":
      return `${name} + 0`;
    default:
      return name;
  }
}

describe.each(["mysql", "mariadb"] as const)("rendering as %s does", (flavour) => {
  const flags = BASE_CAPABILITIES | CLIENT.deprecateEof;
  let server: EmbeddedMysql;
  let client: WireClient;

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    client = await WireClient.connect(server.port, "root", "root", flags);
    await run("SET sql_mode = '', time_zone = '+00:00', character_set_results = utf8mb4");
    const definitions = Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`);
    await run(`CREATE TABLE v (id int primary key, ${definitions.join(", ")}) CHARSET utf8mb4`);
    for (const [id, row] of ROWS.entries()) {
      const names = ["id", ...Object.keys(row)];
      const values = [String(id), ...Object.values(row)];
      await run(`INSERT INTO v (${names.join()}) VALUES (${values.join()})`);
    }
    await run(
      "CREATE TABLE w (id int primary key auto_increment, f float, d double, dx double(40,3))",
    );
    for (const value of FLOATS) await run(`INSERT INTO w (f, dx) VALUES (${value}, ${value})`);
    for (const value of DOUBLES) await run(`INSERT INTO w (d) VALUES (${value.toExponential()})`);
    await run("INSERT INTO w (d, f) VALUES (-0e0, -0e0)");
  }, 120_000);

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  async function checked(seen: Promise<SeenPacket[]>): Promise<SeenPacket[]> {
    const packetsSeen = await seen;
    for (const { kind, payload } of packetsSeen) {
      if (kind === "error") throw new Error(parseErr(payload, 0, payload.length).message);
    }
    return packetsSeen;
  }

  const run = (text: string) =>
    checked(client.command(queryCommand(Buffer.from(text).toString("latin1"), flags)));

  const rowsOf = (seen: readonly SeenPacket[]) =>
    seen.filter(({ kind }) => kind === "row").map(({ payload }) => payload);

  const columnsOf = (seen: readonly SeenPacket[]): WireColumn[] =>
    seen
      .filter(({ kind }) => kind === "column")
      .map(({ payload }) => parseColumnDefinition(payload, 0, payload.length));

  async function compare(table: string, names: readonly string[]): Promise<void> {
    await run("SET time_zone = '+00:00'");
    const plain = rowsOf(
      await run(`SELECT ${names.map(canonical).join()} FROM ${table} ORDER BY id`),
    );
    const rows = encodeRows(plain, names.length);
    for (const [zone, offset] of [
      ["+00:00", 0],
      ["+05:30", 19800],
      ["-08:00", -28800],
    ] as const) {
      await run(`SET time_zone = '${zone}'`);
      const text = `SELECT ${names.join()} FROM ${table} ORDER BY id`;
      const [prepared] = await checked(client.command(prepareCommand(text)));
      const id = parsePrepareOk(prepared!.payload, 0, prepared!.payload.length).statementId;
      const replies = {
        text: await run(text),
        binary: await checked(client.command(executeCommand(id, []))),
      };
      for (const format of ["text", "binary"] as const) {
        const seen = replies[format];
        const columns: RenderedColumn[] = columnsOf(seen).map((column, index) => ({
          ...column,
          kind: kindOf(names[index]!),
        }));
        const rendering = compileRendering(columns, format, { timeZoneOffsetSeconds: offset });
        if (rendering.kind === "refused") {
          // The text of these does not have the whole value.
          if (format !== "binary" || !LOSSY.has(names[0]!)) throw new Error(rendering.reason);
          continue;
        }
        const own = rendering.render(rows, 7);
        const expected = rowsOf(seen);
        expect(own.nextSequence).toBe(7 + expected.length);
        expect(hex(own.bytes)).toBe(hex(packets(7, expected)));
      }
    }
  }

  function encodeRows(plain: readonly Buffer[], count: number) {
    const parts: Buffer[] = [];
    for (const payload of plain) {
      for (const value of parseTextRow(payload, 0, payload.length, count)) {
        const length = Buffer.alloc(4);
        length.writeInt32BE(value === null ? -1 : value.length);
        parts.push(length, Buffer.from(value ?? "", "latin1"));
      }
    }
    return { count: plain.length, bytes: Buffer.concat(parts) };
  }

  const hex = (bytes: Buffer) => bytes.toString("latin1");

  test.each(Object.keys(COLUMNS))("column %s", (name) => compare("v", [name]));

  test("all columns at once", () =>
    compare(
      "v",
      Object.keys(COLUMNS).filter((name) => !LOSSY.has(name)),
    ));

  test.each(["f", "d", "dx"])("corners of %s", (name) => compare("w", [name]));

  test("what the column type does not fit is refused", () => {
    const column = { columnType: TYPE.geometry, flags: COLUMN_FLAG.blob, length: 9, decimals: 0 };
    const rendering = compileRendering([{ ...column, kind: "bytes" }], "text", {
      timeZoneOffsetSeconds: 0,
    });
    expect(rendering.kind).toBe("refused");
  });
});
