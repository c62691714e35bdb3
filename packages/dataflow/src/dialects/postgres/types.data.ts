import type { Collation, SqlType, ValueKind } from "@freshet/types";

/** Type oids from pg_type.dat; stable across versions. */
export const OID = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  numeric: 1700,
  uuid: 2950,
} as const;

/** A database's default collation is deterministic; its order is not known here. */
export const DEFAULT_COLLATION: Collation = { name: "default", equality: "bytes", order: "none" };

/** `COLLATE "C"`: the order of the bytes, whatever the database's locale. */
export const BYTEWISE_COLLATION: Collation = { name: "C", equality: "bytes", order: "bytes" };

function type(kind: ValueKind, upstreamId: number, name: string): SqlType {
  return { kind, upstreamId, name, modifier: -1 };
}

export const BOOL = type("bool", OID.bool, "bool");
export const INT2 = type("int", OID.int2, "int2");
export const INT4 = type("int", OID.int4, "int4");
export const INT8 = type("bigint", OID.int8, "int8");
export const FLOAT4 = type("float4", OID.float4, "float4");
export const FLOAT8 = type("float8", OID.float8, "float8");
export const NUMERIC = type("decimal", OID.numeric, "numeric");
export const DATE = type("date", OID.date, "date");
export const TIMESTAMP = type("timestamp", OID.timestamp, "timestamp");
export const TEXT: SqlType = { ...type("text", OID.text, "text"), collation: DEFAULT_COLLATION };
