import { collatorOf } from "../collation/collations.ts";
import type { Collation, SqlType } from "../value.ts";
import { parseMembers } from "./enum-members.ts";

/*
 * `typeOfMysqlColumn` makes the `SqlType` of a column from its row of information_schema.columns.
 * The modifier is the length of texts and bytes, the fractional digits of times, `precision << 8
 * | scale` of DECIMAL, FLOAT(M,D) and DOUBLE(M,D), the width of ZEROFILL integers and YEAR (how
 * many digits they are printed with), the width in bits of BIT, otherwise -1.
 */

/** Type bytes of the protocol (`enum_field_types`); see dev.mysql.com, COM_QUERY_RESPONSE. */
export const MYSQL_TYPE = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newdate: 14,
  varchar: 15,
  bit: 16,
  timestamp2: 17,
  datetime2: 18,
  time2: 19,
  vector: 242,
  invalid: 243,
  bool: 244,
  json: 245,
  newdecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

/** A row of information_schema.columns. */
export interface MysqlColumn {
  /** DATA_TYPE. */
  readonly dataType: string;
  /** COLUMN_TYPE. */
  readonly columnType: string;
  /** CHARACTER_SET_NAME. */
  readonly characterSet: string | null;
  /** COLLATION_NAME. */
  readonly collation: string | null;
  /** CHARACTER_MAXIMUM_LENGTH. */
  readonly length: number | null;
  /** NUMERIC_PRECISION. */
  readonly precision: number | null;
  /** NUMERIC_SCALE. */
  readonly scale: number | null;
  /** DATETIME_PRECISION. */
  readonly fractionalDigits: number | null;
}

const INTEGERS: Readonly<Record<string, number>> = {
  tinyint: MYSQL_TYPE.tiny,
  smallint: MYSQL_TYPE.short,
  mediumint: MYSQL_TYPE.int24,
  int: MYSQL_TYPE.long,
};

const TEXTS: Readonly<Record<string, number>> = {
  char: MYSQL_TYPE.string,
  varchar: MYSQL_TYPE.varString,
  tinytext: MYSQL_TYPE.blob,
  text: MYSQL_TYPE.blob,
  mediumtext: MYSQL_TYPE.blob,
  longtext: MYSQL_TYPE.blob,
};

const BYTES: Readonly<Record<string, number>> = {
  binary: MYSQL_TYPE.string,
  varbinary: MYSQL_TYPE.varString,
  tinyblob: MYSQL_TYPE.blob,
  blob: MYSQL_TYPE.blob,
  mediumblob: MYSQL_TYPE.blob,
  longblob: MYSQL_TYPE.blob,
};

const CHARACTER_SETS: ReadonlySet<string> = new Set([
  "utf8mb4",
  "utf8mb3",
  "utf8",
  "latin1",
  "ascii",
]);

export function isBit(type: SqlType): boolean {
  return type.kind === "bigint" && type.upstreamId === MYSQL_TYPE.bit;
}

/** What is known of a MySQL collation by its name. */
export function mysqlCollation(name: string): Collation {
  const known = collatorOf(name) === null ? "none" : "weights";
  return { name, equality: known, order: known };
}

/** The type of a column, or why the column is not kept. */
export function typeOfMysqlColumn(column: MysqlColumn): SqlType | string {
  const name = column.dataType.toLowerCase();
  // MariaDB: a COMPRESSED column, and the old forms of times, have other bytes in the binary log.
  if (/\/\*.*\*\/\s*$/.test(column.columnType) && name !== "enum" && name !== "set") {
    return `type ${column.columnType}`;
  }
  const integer = INTEGERS[name];
  if (integer !== undefined) return integerType(name, integer, column);
  if (TEXTS[name] !== undefined) return textType(name, TEXTS[name], column);
  if (BYTES[name] !== undefined) {
    return { kind: "bytes", upstreamId: BYTES[name], name, modifier: column.length ?? -1 };
  }
  const modifier = column.fractionalDigits ?? 0;
  switch (name) {
    case "bigint":
      return integerType(name, MYSQL_TYPE.longlong, column);
    case "year":
      return { kind: "int", upstreamId: MYSQL_TYPE.year, name, modifier: 4, unsigned: true };
    case "bit": {
      const bits = column.precision ?? 1;
      return { kind: "bigint", upstreamId: MYSQL_TYPE.bit, name, modifier: bits, unsigned: true };
    }
    case "decimal":
      return decimalType(column);
    case "float":
    case "double":
      return floatType(name, column);
    case "date":
      return { kind: "civildate", upstreamId: MYSQL_TYPE.date, name, modifier: -1 };
    case "datetime":
      return { kind: "civildatetime", upstreamId: MYSQL_TYPE.datetime, name, modifier };
    case "timestamp":
      return { kind: "timestamptz", upstreamId: MYSQL_TYPE.timestamp, name, modifier };
    case "time":
      return { kind: "time", upstreamId: MYSQL_TYPE.time, name, modifier };
    case "enum":
      return memberType(name, column);
    case "set":
      return memberType(name, column);
    case "json":
      return { kind: "opaque", upstreamId: MYSQL_TYPE.json, name, modifier: -1 };
    default:
      return `type ${name}`;
  }
}

function attributes(column: MysqlColumn): { unsigned: boolean; zerofill: boolean } {
  return {
    unsigned: / unsigned\b/i.test(column.columnType),
    zerofill: / zerofill\b/i.test(column.columnType),
  };
}

function integerType(name: string, upstreamId: number, column: MysqlColumn): SqlType {
  const { unsigned, zerofill } = attributes(column);
  const width = zerofill ? /\((\d+)\)/.exec(column.columnType)?.[1] : undefined;
  return {
    kind: name === "bigint" ? "bigint" : "int",
    upstreamId,
    name,
    modifier: width === undefined ? -1 : Number(width),
    ...(unsigned ? { unsigned } : {}),
  };
}

function decimalType(column: MysqlColumn): SqlType | string {
  if (attributes(column).zerofill) return "type decimal zerofill";
  const modifier = ((column.precision ?? 10) << 8) | (column.scale ?? 0);
  return { kind: "decimal", upstreamId: MYSQL_TYPE.newdecimal, name: "decimal", modifier };
}

function floatType(name: "float" | "double", column: MysqlColumn): SqlType | string {
  if (attributes(column).zerofill) return `type ${name} zerofill`;
  const { precision, scale } = column;
  return {
    kind: name === "float" ? "float4" : "float8",
    upstreamId: MYSQL_TYPE[name],
    name,
    modifier: scale === null ? -1 : ((precision ?? 0) << 8) | scale,
  };
}

function textType(name: string, upstreamId: number, column: MysqlColumn): SqlType | string {
  const refusal = refusedCharacterSet(column);
  if (refusal !== null) return refusal;
  return {
    kind: "text",
    upstreamId,
    name,
    modifier: column.length ?? -1,
    collation: mysqlCollation(column.collation ?? ""),
  };
}

/**
 * An ENUM compares with texts by its collation and orders by its members' positions; the invalid
 * value is the empty label. A SET is only carried.
 */
function memberType(name: "enum" | "set", column: MysqlColumn): SqlType | string {
  const refusal = refusedCharacterSet(column);
  if (refusal !== null) return refusal;
  const enumLabels = parseMembers(column.columnType);
  if (enumLabels === null || enumLabels.includes("")) return `type ${column.columnType}`;
  return {
    kind: name === "enum" ? "enum" : "opaque",
    upstreamId: MYSQL_TYPE[name],
    name,
    modifier: -1,
    collation: mysqlCollation(column.collation ?? ""),
    enumLabels,
  };
}

function refusedCharacterSet(column: MysqlColumn): string | null {
  const { characterSet, dataType } = column;
  if (characterSet !== null && CHARACTER_SETS.has(characterSet)) return null;
  return `type ${dataType} of character set ${characterSet ?? "(unknown)"}`;
}
