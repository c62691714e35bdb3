/** What a generated column may be and which values it takes: small domains, so that joins match. */
export interface ColumnType {
  readonly sql: string;
  /** Text forms, the common ones first (choices are skewed), extremes last. */
  readonly values: readonly string[];
  /** How a literal is written: bare or quoted. */
  readonly literal: "bare" | "quoted";
  readonly hashable: boolean;
  readonly orderable: boolean;
  readonly minmax: boolean;
  readonly summable: boolean;
  /** Equal values with several texts: which of them a group shows is the server's choice. */
  readonly loose: "numeric" | "float" | "interval" | "bpchar" | null;
  readonly family:
    "integer" | "numeric" | "float" | "text" | "bool" | "date" | "timestamp" | "other";
}

const EXACT = {
  hashable: true,
  orderable: true,
  minmax: true,
  summable: false,
  loose: null,
} as const;
const OPAQUE = { ...EXACT, hashable: false, orderable: false, minmax: false } as const;

export const COLUMN_TYPES: readonly ColumnType[] = [
  {
    ...EXACT,
    sql: "int4",
    values: ["1", "2", "3", "0", "4", "5", "7", "10", "-1", "42", "2147483647", "-2147483648"],
    literal: "bare",
    summable: true,
    family: "integer",
  },
  {
    ...EXACT,
    sql: "int2",
    values: ["1", "2", "0", "3", "-1", "9", "32767", "-32768"],
    literal: "bare",
    summable: true,
    family: "integer",
  },
  {
    ...EXACT,
    sql: "int8",
    values: [
      ...["1", "2", "3", "0", "-7", "4294967296", "9007199254740993"],
      ...["9223372036854775807", "-9223372036854775808"],
    ],
    literal: "bare",
    summable: true,
    family: "integer",
  },
  {
    ...EXACT,
    sql: "numeric(10,2)",
    values: ["1.00", "2.50", "0.00", "10.10", "-3.75", "99999999.99", "-99999999.99", "0.01"],
    literal: "bare",
    summable: true,
    family: "numeric",
  },
  {
    ...EXACT,
    sql: "numeric",
    values: [
      ...["1", "1.0", "1.00", "2.5", "0", "0.00", "-1.5", "100", "1e10", "0.000000000000000001"],
      ...["12345678901234567890.123456789", "-0.5", "NaN", "1e-30"],
    ],
    literal: "quoted",
    summable: true,
    loose: "numeric",
    family: "numeric",
  },
  {
    ...EXACT,
    sql: "float8",
    values: [
      "1",
      "0.5",
      "2",
      "0",
      "-0",
      "0.1",
      "-1.5",
      "1e300",
      "1e-300",
      "NaN",
      "Infinity",
      "-Infinity",
    ],
    literal: "quoted",
    loose: "float",
    family: "float",
  },
  {
    ...EXACT,
    sql: "float4",
    values: ["1", "0.5", "2", "0", "-0", "0.1", "-1.5", "3.4e38", "1e-40", "NaN", "-Infinity"],
    literal: "quoted",
    loose: "float",
    family: "float",
  },
  {
    ...EXACT,
    sql: "text",
    values: [
      ...[
        "a",
        "b",
        "c",
        "",
        "ab",
        "A",
        "it's",
        "back\\slash",
        " pad ",
        "ä",
        "Ω",
        "日本",
        "😀",
        "a\tb",
      ],
      ...["%", "a_b", "null", "{x,y}", '"q"', "line\nbreak", "\uffff", "x".repeat(300)],
    ],
    literal: "quoted",
    family: "text",
  },
  {
    ...EXACT,
    sql: "varchar(40)",
    values: ["red", "green", "blue", "", "Red", "red ", "größe", "$1", "?", "--", "/*"],
    literal: "quoted",
    family: "text",
  },
  {
    ...EXACT,
    sql: "char(4)",
    values: ["a", "b", "ab", "abcd", "", "é", "A"],
    literal: "quoted",
    minmax: true,
    family: "other",
  },
  {
    ...EXACT,
    sql: "bool",
    values: ["t", "f"],
    literal: "quoted",
    minmax: false,
    family: "bool",
  },
  {
    ...EXACT,
    sql: "uuid",
    values: [
      "00000000-0000-0000-0000-000000000000",
      "11111111-2222-3333-4444-555555555555",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ],
    literal: "quoted",
    minmax: false,
    family: "other",
  },
  {
    ...EXACT,
    sql: "date",
    values: [
      ...["2024-01-01", "2024-02-29", "2000-01-01", "1999-12-31", "0001-01-01"],
      ...["infinity", "-infinity", "4713-01-01 BC", "5874897-12-31"],
    ],
    literal: "quoted",
    family: "date",
  },
  {
    ...EXACT,
    sql: "time",
    values: ["00:00:00", "12:30:00", "23:59:59.999999", "24:00:00", "12:30:00.5"],
    literal: "quoted",
    family: "other",
  },
  {
    ...EXACT,
    sql: "timestamp",
    values: [
      ...["2024-01-01 00:00:00", "2024-01-01 12:00:00.123456", "1999-12-31 23:59:59"],
      ...["infinity", "-infinity", "0044-03-15 00:00:00 BC", "294276-12-31 23:59:59.999999"],
    ],
    literal: "quoted",
    family: "timestamp",
  },
  {
    ...EXACT,
    sql: "timestamptz",
    values: [
      ...["2024-01-01 00:00:00+00", "2024-06-30 23:00:00.5+00", "1970-01-01 00:00:00+00"],
      ...["infinity", "2024-01-01 02:00:00+02"],
    ],
    literal: "quoted",
    family: "other",
  },
  {
    ...EXACT,
    sql: "interval",
    values: [
      ...["1 day", "24:00:00", "1 mon", "30 days", "00:00:00", "-1 days +01:00:00"],
      ...["1 year 2 mons 3 days 04:05:06.789", "00:00:00.000001"],
    ],
    literal: "quoted",
    minmax: false,
    loose: "interval",
    family: "other",
  },
  {
    ...EXACT,
    sql: "bytea",
    values: ["\\x", "\\x00", "\\xdeadbeef", "\\x5c78", "\\xff"],
    literal: "quoted",
    minmax: false,
    family: "other",
  },
  {
    ...OPAQUE,
    sql: "jsonb",
    values: ['{"a": 1}', "[1, 2.50, null]", '"x"', "null", "{}", '{"b": {"c": "ü"}}'],
    literal: "quoted",
    family: "other",
  },
  {
    ...OPAQUE,
    sql: "json",
    values: ['{"a":1}', '{"a": 1}', "[ ]", '{"a":1,"a":2}'],
    literal: "quoted",
    family: "other",
  },
  {
    ...OPAQUE,
    sql: "int4[]",
    values: ["{1,2}", "{}", "{NULL,3}", "{{1,2},{3,4}}"],
    literal: "quoted",
    family: "other",
  },
  {
    ...EXACT,
    sql: "mood",
    values: ["sad", "ok", "happy", "so so"],
    literal: "quoted",
    family: "other",
  },
];

/** `mood` of the table above; labels are not in alphabetical order. */
export const ENUM_STATEMENT = "CREATE TYPE mood AS ENUM ('sad', 'so so', 'ok', 'happy')";

/** More than a page after compression, so that it is stored out of line. */
export const LARGE_TEXT_EXPRESSION =
  "(SELECT string_agg(md5(i::text), '') FROM generate_series($SEED, $SEED + 150) AS i)";
