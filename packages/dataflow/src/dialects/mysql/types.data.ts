import { type Collation, MYSQL_TYPE, type SqlType, type ValueKind } from "@freshet/types";

export { MYSQL_TYPE };

/** Of texts that only literals and parameters made: it depends on the session, so nothing uses it. */
export const LITERAL_COLLATION: Collation = {
  name: "(that of a literal)",
  equality: "none",
  order: "none",
};

function type(kind: ValueKind, upstreamId: number, name: string): SqlType {
  return { kind, upstreamId, name, modifier: -1 };
}

/** Conditions inside the engine; as a value they are the numbers 0 and 1. */
export const CONDITION = type("bool", MYSQL_TYPE.longlong, "condition");
export const INT = type("int", MYSQL_TYPE.long, "int");
export const BIGINT = type("bigint", MYSQL_TYPE.longlong, "bigint");
export const UNSIGNED_BIGINT: SqlType = { ...BIGINT, name: "bigint unsigned", unsigned: true };
/** What YEAR() gives: some versions have a YEAR, others an integer. */
export const YEAR: SqlType = { ...type("int", MYSQL_TYPE.year, "year"), unsigned: true };
export const FLOAT = type("float4", MYSQL_TYPE.float, "float");
export const DOUBLE = type("float8", MYSQL_TYPE.double, "double");
export const DATE = type("civildate", MYSQL_TYPE.date, "date");
export const TEXT: SqlType = {
  ...type("text", MYSQL_TYPE.varString, "varchar"),
  collation: LITERAL_COLLATION,
};
export const BYTES = type("bytes", MYSQL_TYPE.varString, "varbinary");

/** DATETIME with this many fractional digits. */
export function datetimeType(digits: number): SqlType {
  return { ...type("civildatetime", MYSQL_TYPE.datetime, "datetime"), modifier: digits };
}

/** DECIMAL(precision, scale). */
export function decimalType(precision: number, scale: number): SqlType {
  const base = type("decimal", MYSQL_TYPE.newdecimal, "decimal");
  return { ...base, modifier: (precision << 8) | scale };
}
