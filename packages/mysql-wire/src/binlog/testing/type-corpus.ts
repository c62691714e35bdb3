import type { SqlType } from "@freshet/types";
import { TYPE } from "../../column-types.ts";

/** A column, its type as a catalogue tells it, and values that hurt, as SQL literals. */
export interface CorpusColumn {
  readonly ddl: string;
  readonly type: SqlType;
  readonly values: readonly string[];
}

type Rest = Partial<SqlType>;
const sql = (
  kind: SqlType["kind"],
  upstreamId: number,
  name: string,
  rest: Rest = {},
): SqlType => ({
  kind,
  upstreamId,
  name,
  modifier: -1,
  ...rest,
});
const quoted = (...values: string[]): string[] => values.map((value) => `'${value}'`);

const collated = (name: string): Rest => ({
  collation: { name, equality: "weights", order: "weights" },
});

function integer(name: string, kind: "int" | "bigint", id: number, bits: number): CorpusColumn[] {
  const top = 2n ** BigInt(bits);
  const half = top / 2n;
  const numbers = [0n, 1n, -1n, 127n, 128n, 255n, 256n, half - 1n, half, -half, top - 1n];
  const within = (low: bigint, high: bigint) =>
    numbers.filter((n) => n >= low && n <= high).map(String);
  return [
    { ddl: name, type: sql(kind, id, name), values: within(-half, half - 1n) },
    {
      ddl: `${name} unsigned`,
      type: sql(kind, id, name, { unsigned: true }),
      values: within(0n, top - 1n),
    },
  ];
}

function decimal(precision: number, scale: number): CorpusColumn {
  const digits = "1234567890".repeat(7);
  const whole = precision - scale;
  const print = (text: string) =>
    `${text.slice(0, whole) || "0"}${scale > 0 ? `.${text.slice(whole, precision)}` : ""}`;
  const forms = [print(digits), print("9".repeat(65)), print("0".repeat(precision - 1) + "1"), "0"];
  return {
    ddl: `decimal(${precision},${scale})`,
    type: sql("decimal", TYPE.newdecimal, "decimal", { modifier: (precision << 8) | scale }),
    values: forms.flatMap((form) => [`'${form}'`, `'-${form}'`]),
  };
}

function bit(width: number): CorpusColumn {
  const ones = "1".repeat(width);
  return {
    ddl: `bit(${width})`,
    type: sql("bigint", TYPE.bit, "bit", { modifier: width, unsigned: true }),
    values: ["b'0'", "b'1'", `b'${ones}'`, `b'1${"0".repeat(width - 1)}'`],
  };
}

function times(fsp: number): CorpusColumn[] {
  const dates = ["2024-02-29", "0000-00-00", "9999-12-31", "1000-01-01", "2024-00-00"];
  const odd = ["2024-02-31", "0001-01-01", "0000-01-01"];
  const clocks = [
    "00:00:00",
    "23:59:59.999999",
    "12:34:56.789012",
    "01:02:03.000001",
    "10:00:00.5",
  ];
  const signed = ["00:00:00.000001", "00:00:01.5", "838:59:59", "838:59:58.999999", "01:00:00.99"];
  const modifier = { modifier: fsp };
  return [
    {
      ddl: `datetime(${fsp})`,
      type: sql("civildatetime", TYPE.datetime, "datetime", modifier),
      values: [...dates, ...odd].flatMap((date) => clocks.map((clock) => `'${date} ${clock}'`)),
    },
    {
      ddl: `timestamp(${fsp}) null`,
      type: sql("timestamptz", TYPE.timestamp, "timestamp", modifier),
      values: quoted(
        "0000-00-00 00:00:00",
        "1970-01-01 00:00:01",
        "2038-01-19 03:14:07",
        "1999-12-31 23:59:59.999999",
        "2000-01-01 00:00:00.000001",
        "2024-06-30 12:00:00.123456",
      ),
    },
    {
      ddl: `time(${fsp})`,
      type: sql("time", TYPE.time, "time", modifier),
      values: [...signed, ...clocks].flatMap((clock) => [`'${clock}'`, `'-${clock}'`]),
    },
  ];
}

const WORDS = ["", " ", "a", "a ", " a  ", "é", "日本", "'", "\uFEFFx", "x\ty", "ß€"].map(
  (word) => `'${word.replaceAll("'", "''")}'`,
);
const WIDE = [...WORDS, "'😀'", "_utf8mb4 x'e29885f09f9880'", "char(0 using utf8mb4)"];
const BYTES = ["''", "x'00'", "x'0000'", "x'616200'", "x'ff00ff'", "x'20'", "x'6120'", "x'0061'"];

function text(
  name: string,
  id: number,
  options: { length?: number; collation: string; values: readonly string[] },
): CorpusColumn {
  const { length, collation, values } = options;
  const charset = collation.slice(0, collation.indexOf("_"));
  const size = length === undefined ? "" : `(${length})`;
  return {
    ddl: `${name}${size} character set ${charset} collate ${collation}`,
    type: sql("text", id, name, { modifier: length ?? -1, ...collated(collation) }),
    values,
  };
}

function bytes(name: string, id: number, length?: number): CorpusColumn {
  const size = length === undefined ? "" : `(${length})`;
  return {
    ddl: `${name}${size}`,
    type: sql("bytes", id, name, { modifier: length ?? -1 }),
    values: BYTES,
  };
}

function members(kind: "enum" | "set", labels: readonly string[], values: string[]): CorpusColumn {
  const list = labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(",");
  const id = kind === "enum" ? TYPE.enum : TYPE.set;
  const type = sql(kind === "enum" ? "enum" : "opaque", id, kind, {
    enumLabels: labels,
    ...collated("utf8mb4_general_ci"),
  });
  return { ddl: `${kind}(${list}) character set utf8mb4`, type, values };
}

const LATIN1_ALL = Array.from({ length: 255 }, (_, index) => (index + 1).toString(16)).map(
  (hex) => `convert(_latin1 x'${hex.padStart(2, "0")}78' using latin1)`,
);
const MANY = Array.from({ length: 300 }, (_, index) => `m${index + 1}`);

export const TYPE_CORPUS: readonly CorpusColumn[] = [
  ...integer("tinyint", "int", TYPE.tiny, 8),
  ...integer("smallint", "int", TYPE.short, 16),
  ...integer("mediumint", "int", TYPE.int24, 24),
  ...integer("int", "int", TYPE.long, 32),
  ...integer("bigint", "bigint", TYPE.longlong, 64),
  {
    ddl: "float",
    type: sql("float4", TYPE.float, "float"),
    values: ["0", "-0e0", "1.1", "-1.1", "3.4028234e38", "1.17549e-38", "1e-45", "16777217", "0.1"],
  },
  {
    ddl: "double",
    type: sql("float8", TYPE.double, "double"),
    values: ["0", "-0e0", "0.1", "1e308", "-1.7976931348623157e308", "5e-324", "1e15", "1e14"],
  },
  ...[
    [1, 0],
    [1, 1],
    [5, 5],
    [9, 0],
    [10, 2],
    [15, 7],
    [16, 8],
    [18, 9],
    [19, 9],
    [30, 15],
    [65, 0],
    [65, 30],
    [38, 28],
  ].map(([precision, scale]) => decimal(precision as number, scale as number)),
  ...[1, 7, 8, 9, 33, 48, 49, 63, 64].map(bit),
  {
    ddl: "year",
    type: sql("int", TYPE.year, "year", { modifier: 4, unsigned: true }),
    values: ["0", "1901", "2155", "2024"],
  },
  {
    ddl: "date",
    type: sql("civildate", TYPE.date, "date"),
    values: quoted(
      "0000-00-00",
      "2024-02-29",
      "2024-00-00",
      "2024-02-31",
      "9999-12-31",
      "0001-01-01",
    ),
  },
  ...[0, 1, 2, 3, 4, 5, 6].flatMap(times),
  text("varchar", TYPE.varString, { length: 20, collation: "utf8mb4_general_ci", values: WIDE }),
  text("varchar", TYPE.varString, { length: 300, collation: "utf8mb4_bin", values: WIDE }),
  text("char", TYPE.string, { length: 10, collation: "utf8mb4_general_ci", values: WIDE }),
  text("char", TYPE.string, { length: 200, collation: "utf8mb4_general_ci", values: WIDE }),
  text("char", TYPE.string, { length: 100, collation: "utf8mb3_general_ci", values: WORDS }),
  text("char", TYPE.string, { length: 255, collation: "latin1_swedish_ci", values: LATIN1_ALL }),
  text("varchar", TYPE.varString, { length: 20, collation: "latin1_bin", values: LATIN1_ALL }),
  text("varchar", TYPE.varString, { length: 255, collation: "utf8mb3_bin", values: WORDS }),
  text("varchar", TYPE.varString, {
    length: 5,
    collation: "ascii_general_ci",
    values: quoted("", "a", "b ", "~"),
  }),
  ...["tinytext", "text", "mediumtext", "longtext"].flatMap((name) => [
    text(name, TYPE.blob, { collation: "utf8mb4_general_ci", values: WIDE }),
    text(name, TYPE.blob, { collation: "latin1_general_ci", values: LATIN1_ALL }),
  ]),
  bytes("binary", TYPE.string, 1),
  bytes("binary", TYPE.string, 5),
  bytes("binary", TYPE.string, 255),
  bytes("varbinary", TYPE.varString, 5),
  bytes("varbinary", TYPE.varString, 300),
  ...["tinyblob", "blob", "mediumblob", "longblob"].map((name) => bytes(name, TYPE.blob)),
  members("enum", ["a,b", "c", "é'", "d"], ["'a,b'", "'c'", "'é'''", "'none'", "0"]),
  members("enum", MANY, ["'m1'", "'m256'", "'m300'"]),
  members("set", ["x", "é", "z"], ["''", "'x'", "'x,z'", "'é,z,x'", "'none'"]),
  members("set", MANY.slice(0, 64), ["'m1,m64'", "'m33'", "''", "18446744073709551615"]),
  members("set", MANY.slice(0, 20), ["'m1,m20'", "'m17'"]),
];
