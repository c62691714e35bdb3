import { textPairs } from "../collation/text-corpus.testing.ts";
import { randomDouble, seededRandom } from "../postgres/value-corpus.testing.ts";

/** Column types of MySQL and MariaDB with boundary and random values as SQL. For tests only. */

export interface ColumnCase {
  readonly column: string;
  /** Literals that the column takes when `sql_mode` is empty. */
  readonly values: readonly string[];
}

const INTEGERS: readonly (readonly [name: string, bits: number])[] = [
  ["tinyint", 8],
  ["smallint", 16],
  ["mediumint", 24],
  ["int", 32],
  ["bigint", 64],
];

function integers(bits: number, unsigned: boolean, random: () => number): string[] {
  const low = unsigned ? 0n : -(1n << BigInt(bits - 1));
  const high = (1n << BigInt(unsigned ? bits : bits - 1)) - 1n;
  const values = [low, low + 1n, 0n, 1n, 9n, 10n, 99n, 100n, high - 1n, high, high / 2n + 1n];
  if (!unsigned) values.push(-1n, -10n, -100n);
  for (let index = 0; index < 20; index += 1) {
    const part = BigInt(Math.floor(random() * 2 ** 52));
    values.push(low + ((part * (high - low)) >> 52n));
  }
  return values.map(String);
}

function floats(random: () => number, count: number): string[] {
  const values = [0, 1, -1, 0.1, 1e-5, 1e14, 1e15, 1e16, 123456789012345680, 5e-324, 1e22, 1e23];
  values.push(1.7976931348623157e308, 2.2250738585072014e-308, 9007199254740993, 1e-14, 1e-15);
  values.push(1e-16, -1e15, 999999.5, 9999995, 1234565, 3.4028234e38, 1.17549435e-38, 1e-45, 2.5);
  values.push(0.125, 8388607.5, 12345675, 1 / 3, 123456789012345.6, 1234567890123456.7, 16777217);
  for (let power = -20; power < 24; power += 1) values.push(10 ** power, 2 ** power, -(5 ** power));
  for (let tie = 100_000; tie < 100_020; tie += 1) values.push(tie + 0.5, tie * 10 + 5);
  for (let index = 0; index < count; index += 1) {
    values.push(randomDouble(random), random() * 1000, Math.round(random() * 1e5) / 100);
    values.push(Math.fround((random() - 0.5) * 10 ** Math.floor(random() * 60 - 30)));
    values.push(Math.floor(random() * 2 ** 24) / 2 ** Math.floor(random() * 12));
    values.push(Math.floor(random() * 2 ** 53) / 2 ** Math.floor(random() * 12));
  }
  return ["-0e0", ...values.map((value) => `${value.toExponential()}`)];
}

function decimals(scale: number, random: () => number): string[] {
  const values = ["0", "-0.0", "1", "-1", "0.5", "-0.5", "0.01", "-0.004", "9.99", "10", "1e8"];
  for (let index = 0; index < 25; index += 1) {
    const digits = 1 + Math.floor(random() * 9);
    values.push(((random() - 0.5) * 10 ** digits).toFixed(Math.min(scale, 8)));
  }
  return values;
}

const DATES = ["0000-00-00", "2024-00-00", "2024-02-00", "0000-01-01", "1000-01-01", "9999-12-31"];
DATES.push("2024-02-29", "1970-01-01", "0099-12-31", "2000-12-01", "2000-12-31", "0001-01-01");
const CLOCKS = ["00:00:00", "23:59:59", "12:34:56.7", "00:00:00.000001", "23:59:59.999999"];
CLOCKS.push("01:02:03.123456", "10:00:00.1");
const INSTANTS = [
  "0000-00-00 00:00:00",
  "1970-01-01 00:00:01",
  "2038-01-19 03:14:07",
  "2000-01-01",
];
INSTANTS.push("2024-02-29 12:34:56.123456", "1999-12-31 23:59:59.999999", "2000-01-01 00:00:00.5");
const TIMES = [
  "0",
  "-00:00:01",
  "838:59:59",
  "-838:59:59",
  "100:00:00",
  "-0:0:0.000001",
  "1:2:3.4",
];
TIMES.push("837:59:59.999999", "-99:59:59.9", "23:59:59.5", "00:00:00.123456", "-00:00:00.5");

function quoted(values: readonly string[]): string[] {
  return values.map((value) => `'${value}'`);
}

function texts(repertoire: "utf8mb4" | "latin1", seed: number, most: number): string[] {
  const all = [
    "",
    " ",
    "a",
    "A",
    "a ",
    "a\t",
    "a\0",
    "b'\\\"",
    ...textPairs(repertoire, seed, 25).flat(),
  ];
  return all
    .map((text) => Array.from(text).slice(0, most).join(""))
    .map((text) => `_utf8mb4 x'${Buffer.from(text).toString("hex")}'`);
}

const BYTES = [
  "",
  "00",
  "20",
  "61",
  "6120",
  "6100",
  "ff",
  "00ff",
  "c3a9",
  "0000",
  "2061",
  "80",
].map((hex) => `x'${hex}'`);

export function columnCases(seed: number): readonly ColumnCase[] {
  const random = seededRandom(seed);
  const cases: ColumnCase[] = [];
  for (const [name, bits] of INTEGERS) {
    cases.push({ column: name, values: integers(bits, false, random) });
    cases.push({ column: `${name} unsigned`, values: integers(bits, true, random) });
    cases.push({ column: `${name}(5) zerofill`, values: integers(bits, true, random) });
  }
  cases.push({ column: "year", values: ["0", "1901", "2155", "2024"] });
  for (const bits of [1, 10, 64]) {
    cases.push({
      column: `bit(${bits})`,
      values: ["0", "1", "b'1'", `${2n ** BigInt(bits) - 1n}`],
    });
  }
  for (const column of ["float", "double", "float(10,2)", "double(12,3)", "double(60,30)"]) {
    cases.push({ column, values: floats(random, 150) });
  }
  for (const [precision, scale] of [
    [10, 0],
    [10, 2],
    [65, 30],
    [30, 30],
  ] as const) {
    cases.push({ column: `decimal(${precision},${scale})`, values: decimals(scale, random) });
  }
  cases.push({ column: "decimal(8,3) unsigned", values: decimals(3, random) });
  cases.push({ column: "date", values: quoted(DATES) });
  for (const digits of [0, 1, 3, 6]) {
    const moments = DATES.flatMap((date, index) =>
      date === "0000-00-00" ? [`${date} 00:00:00`] : [`${date} ${CLOCKS[index % CLOCKS.length]!}`],
    );
    cases.push({ column: `datetime(${digits})`, values: quoted([...moments, ...INSTANTS]) });
    cases.push({ column: `timestamp(${digits}) null`, values: quoted(INSTANTS) });
    cases.push({ column: `time(${digits})`, values: quoted(TIMES) });
  }
  for (const [column, most] of [
    ["char(6)", 6],
    ["varchar(40)", 40],
    ["text", 40],
    ["longtext", 40],
  ] as const) {
    cases.push({ column: `${column} charset utf8mb4`, values: texts("utf8mb4", seed, most) });
    cases.push({ column: `${column} charset latin1`, values: texts("latin1", seed, most) });
  }
  cases.push({
    column: "varchar(40) charset utf8mb4 collate utf8mb4_bin",
    values: texts("utf8mb4", seed + 1, 40),
  });
  for (const column of ["binary(2)", "varbinary(9)", "tinyblob", "longblob"]) {
    cases.push({ column, values: BYTES });
  }
  cases.push({
    column: "enum('small','x''y','a,b','b\\\\c','é','nl\\n','M') charset utf8mb4",
    values: ["'small'", "'x''y'", "'a,b'", "'b\\\\c'", "'é'", "7", "'nl\\n'", "'nothing'"],
  });
  return cases;
}
