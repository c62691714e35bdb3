import { type Collation, PG_OID, type SqlType, type ValueKind } from "@freshet/types";

export { PG_OID as OID };

/** A database's default collation is deterministic; its order is not known here. */
export const DEFAULT_COLLATION: Collation = { name: "default", equality: "bytes", order: "none" };

/** `COLLATE "C"`: the order of the bytes, whatever the database's locale. */
export const BYTEWISE_COLLATION: Collation = { name: "C", equality: "bytes", order: "bytes" };

function type(kind: ValueKind, upstreamId: number, name: string): SqlType {
  return { kind, upstreamId, name, modifier: -1 };
}

export const BOOL = type("bool", PG_OID.bool, "bool");
export const INT2 = type("int", PG_OID.int2, "int2");
export const INT4 = type("int", PG_OID.int4, "int4");
export const INT8 = type("bigint", PG_OID.int8, "int8");
export const FLOAT4 = type("float4", PG_OID.float4, "float4");
export const FLOAT8 = type("float8", PG_OID.float8, "float8");
export const NUMERIC = type("decimal", PG_OID.numeric, "numeric");
export const DATE = type("date", PG_OID.date, "date");
export const TIMESTAMP = type("timestamp", PG_OID.timestamp, "timestamp");
export const TEXT: SqlType = { ...type("text", PG_OID.text, "text"), collation: DEFAULT_COLLATION };
