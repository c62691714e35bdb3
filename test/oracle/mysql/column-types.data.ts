import type { ColumnType } from "../dialect.ts";

const EXACT = {
  hashable: true,
  orderable: true,
  minmax: true,
  summable: false,
  loose: null,
  literal: "quoted",
  family: "other",
} as const;
const INTEGER = { ...EXACT, literal: "bare", summable: true, family: "integer" } as const;
const DECIMAL = { ...EXACT, literal: "bare", summable: true, family: "numeric" } as const;
const FLOAT = { ...EXACT, literal: "bare", loose: "float", family: "float" } as const;
const TEXT = { ...EXACT, loose: "collation", family: "text" } as const;
const BYTES = { ...EXACT, literal: "hex" } as const;
const OPAQUE = { ...EXACT, hashable: false, orderable: false, minmax: false } as const;

/** Words that collations join or part: case, accents, width, trailing spaces, beyond the BMP. */
const WORDS = [
  ...["a", "b", "c", "A", "", "a ", "ab", "á", "á", "B", "ä", "ss", "ß", "SS", "s"],
  ...["it's", "back\\slash", " pad ", "Ω", "ω", "日本", "😀", "😁", "a\t", "%", "a_b"],
  ...["null", '"q"', "line\nbreak", "?", "-- x", "/* y */", "ｱ", "ア", "¡", "a\u0001", "İ", "ı"],
];

const LATIN_WORDS = [
  ...["a", "b", "c", "A", "", "a ", "ab", "á", "ä", "Ä", "ü", "y", "ß", "ss", "€", "þ", "Þ"],
  ...["it's", "æ", "Æ", "ÿ", "Y", "a\t"],
];

function text(type: string, charset: string, collation: string): ColumnType {
  const values = charset === "latin1" ? LATIN_WORDS : WORDS;
  const long = type.startsWith("varchar") || type.startsWith("char") ? [] : ["x".repeat(300)];
  return {
    ...TEXT,
    sql: `${type} CHARACTER SET ${charset} COLLATE ${collation}`,
    values: [...values, ...long],
  };
}

/** Of which every flavour has its name for texts that are equal only as bytes. */
function exactText(collation: string): ColumnType {
  return { ...text("varchar(40)", "utf8mb4", collation), loose: null };
}

export const INT: ColumnType = {
  ...INTEGER,
  sql: "int",
  values: ["1", "2", "3", "0", "4", "5", "7", "10", "-1", "42", "2147483647", "-2147483648"],
};

export const BIGINT: ColumnType = {
  ...INTEGER,
  sql: "bigint",
  values: [
    ...["1", "2", "3", "0", "-7", "4294967296", "9007199254740993"],
    ...["9223372036854775807", "-9223372036854775808"],
  ],
};

/** Of `SUM` over INT. */
export const SUM: ColumnType = {
  ...DECIMAL,
  sql: "decimal(32,0)",
  values: ["1", "2", "5", "10", "0", "-1"],
};

export const BIN = text("varchar(40)", "utf8mb4", "utf8mb4_bin");
export const GENERAL = text("varchar(40)", "utf8mb4", "utf8mb4_general_ci");
export const AI_CI = text("varchar(40)", "utf8mb4", "utf8mb4_0900_ai_ci");
export const MYSQL_EXACT = exactText("utf8mb4_0900_bin");
export const MARIADB_EXACT = exactText("utf8mb4_nopad_bin");

const COMMON_TYPES: readonly ColumnType[] = [
  INT,
  BIGINT,
  SUM,
  BIN,
  GENERAL,
  { ...INTEGER, sql: "tinyint", values: ["1", "0", "2", "-1", "127", "-128"] },
  { ...INTEGER, sql: "tinyint(1)", values: ["1", "0", "-1", "2"] },
  { ...INTEGER, sql: "tinyint unsigned", values: ["1", "0", "2", "255"] },
  { ...INTEGER, sql: "smallint", values: ["1", "2", "0", "3", "-1", "32767", "-32768"] },
  { ...INTEGER, sql: "mediumint", values: ["1", "2", "0", "-1", "8388607", "-8388608"] },
  { ...INTEGER, sql: "int unsigned", values: ["1", "2", "3", "0", "4294967295"] },
  {
    ...INTEGER,
    sql: "bigint unsigned",
    values: ["1", "2", "0", "7", "9223372036854775808", "18446744073709551615"],
  },
  { ...INTEGER, sql: "int(6) unsigned zerofill", values: ["1", "42", "0", "1234567"] },
  { ...INTEGER, sql: "year", summable: false, values: ["2024", "1999", "0", "1901", "2155"] },
  {
    ...DECIMAL,
    sql: "decimal(10,2)",
    values: ["1.00", "2.50", "0.00", "10.10", "-3.75", "99999999.99", "-99999999.99", "0.01"],
  },
  {
    ...DECIMAL,
    sql: "decimal(65,30)",
    values: ["1", "1.0", "0.5", "-0.5", "0.000000000000000000000000000001", "12345678901234567890"],
  },
  { ...DECIMAL, sql: "decimal(7,5) unsigned", values: ["1", "0", "0.5", "99.99999", "0.00001"] },
  {
    ...FLOAT,
    sql: "double",
    values: ["1", "0.5", "2", "0", "-0e0", "0.1", "-1.5", "1e300", "1e-300", "9007199254740993"],
  },
  {
    ...FLOAT,
    sql: "float",
    values: ["1", "0.5", "2", "0", "-0e0", "0.1", "-1.5", "3.4e38", "1e-40", "16777217"],
  },
  text("char(5)", "utf8mb4", "utf8mb4_general_ci"),
  text("char(5)", "utf8mb4", "utf8mb4_bin"),
  text("text", "utf8mb4", "utf8mb4_general_ci"),
  text("mediumtext", "utf8mb4", "utf8mb4_bin"),
  text("varchar(40)", "utf8mb4", "utf8mb4_unicode_ci"),
  text("varchar(40)", "latin1", "latin1_swedish_ci"),
  text("char(8)", "latin1", "latin1_bin"),
  { ...BYTES, sql: "binary(4)", values: ["61", "", "6162", "00", "deadbeef", "ff", "61000000"] },
  { ...BYTES, sql: "varbinary(20)", values: ["61", "", "41", "6120", "00", "ff", "5c27"] },
  { ...BYTES, sql: "blob", values: ["61", "", "41", "00ff", "f09f9880", "ff"] },
  {
    ...EXACT,
    sql: "date",
    family: "date",
    values: [
      ...["2024-01-01", "2024-02-29", "2000-01-01", "1999-12-31", "0000-00-00", "2024-00-00"],
      ...["2024-01-00", "0000-01-01", "0001-01-01", "9999-12-31"],
    ],
  },
  {
    ...EXACT,
    sql: "datetime",
    family: "timestamp",
    values: [
      ...["2024-01-01 00:00:00", "2024-01-01 12:00:00", "1999-12-31 23:59:59"],
      ...["0000-00-00 00:00:00", "2024-00-00 10:00:00", "9999-12-31 23:59:59"],
    ],
  },
  {
    ...EXACT,
    sql: "datetime(6)",
    family: "timestamp",
    values: [
      ...["2024-01-01 00:00:00.000000", "2024-01-01 12:00:00.123456", "2024-01-01 12:00:00.1"],
      ...["1999-12-31 23:59:59.999999", "0000-00-00 00:00:00.000000"],
    ],
  },
  {
    ...EXACT,
    sql: "timestamp",
    family: "timestamp",
    values: [
      ...["2024-01-01 00:00:00", "2024-06-30 23:00:00", "1970-01-01 00:00:01"],
      ...["2038-01-19 03:14:07", "0000-00-00 00:00:00"],
    ],
  },
  {
    ...EXACT,
    sql: "timestamp(3)",
    family: "timestamp",
    values: ["2024-01-01 00:00:00.000", "2024-01-01 00:00:00.5", "1970-01-01 00:00:01.001"],
  },
  {
    ...EXACT,
    sql: "time",
    values: ["00:00:00", "12:30:00", "-01:00:00", "24:00:00", "838:59:59", "-838:59:59"],
  },
  { ...EXACT, sql: "time(3)", values: ["00:00:00.000", "12:30:00.5", "-00:00:00.001"] },
  {
    ...EXACT,
    sql: "enum('sad','so so','ok','happy')",
    values: ["sad", "ok", "happy", "so so", "OK", ""],
  },
  { ...EXACT, sql: "set('a','b','c d')", values: ["a", "", "b", "a,b", "c d,a", "a,b,c d"] },
  { ...EXACT, sql: "bit(1)", literal: "bare", values: ["1", "0"] },
  { ...EXACT, sql: "bit(10)", literal: "bare", values: ["1", "0", "5", "1023"] },
  { ...EXACT, sql: "bit(64)", literal: "bare", values: ["1", "0", "18446744073709551615"] },
  {
    ...OPAQUE,
    sql: "json",
    values: ['{"a": 1}', "[1, 2.50, null]", '"x"', "null", "{}", '{"b": {"c": "ü"}, "a": "1"}'],
  },
];

export const MYSQL_TYPES: readonly ColumnType[] = [
  ...COMMON_TYPES,
  MYSQL_EXACT,
  AI_CI,
  text("text", "utf8mb4", "utf8mb4_0900_ai_ci"),
  text("char(5)", "utf8mb4", "utf8mb4_0900_ai_ci"),
];

export const MARIADB_TYPES: readonly ColumnType[] = [
  ...COMMON_TYPES,
  MARIADB_EXACT,
  text("varchar(40)", "utf8mb4", "utf8mb4_general_nopad_ci"),
];
