import { POSTGRES_TYPES } from "./types.data.ts";
import type { Collation, SqlType, ValueKind } from "../value.ts";

/** Type oids that code names; everything else goes through the tables. */
export const PG_OID = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  unknown: 705,
  inet: 869,
  cidr: 650,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
} as const;

const KINDS: Readonly<Record<string, ValueKind>> = {
  bool: "bool",
  bytea: "bytes",
  char: "text",
  name: "text",
  text: "text",
  varchar: "text",
  unknown: "text",
  bpchar: "bpchar",
  int2: "int",
  int4: "int",
  oid: "int",
  int8: "bigint",
  float4: "float4",
  float8: "float8",
  numeric: "decimal",
  uuid: "uuid",
  date: "date",
  time: "time",
  timestamp: "timestamp",
  timestamptz: "timestamptz",
  interval: "interval",
};

/** Integers that begin at 0 and reach 2^32 - 1. */
const UNSIGNED_OIDS: ReadonlySet<number> = new Set([PG_OID.oid]);

const BYTEWISE: Collation = { name: "C", equality: "bytes", order: "bytes" };

/** High bytes print as octal escapes, which do not sort as the bytes do. */
const SINGLE_CHAR: Collation = { name: '"char"', equality: "bytes", order: "none" };

/** Collations that belong to the type itself and not to a column. */
const TYPE_COLLATIONS: Readonly<Record<string, Collation>> = { name: BYTEWISE, char: SINGLE_CHAR };

const nameByOid = new Map<number, string>(POSTGRES_TYPES.map(([oid, name]) => [oid, name]));
const oidByName = new Map<string, number>(POSTGRES_TYPES.map(([oid, name]) => [name, oid]));
const elementByArray = new Map<number, number>();
const arrayByElement = new Map<number, number>();
for (const [oid, , array] of POSTGRES_TYPES) {
  if (array === 0) continue;
  elementByArray.set(array, oid);
  arrayByElement.set(oid, array);
}

/** pg_type.typname of a built-in type (`_int4` for arrays), or null. */
export function postgresTypeName(oid: number): string | null {
  const element = elementByArray.get(oid);
  if (element !== undefined) return `_${nameByOid.get(element)!}`;
  return nameByOid.get(oid) ?? null;
}

/** Oid of a built-in scalar type by its pg_type.typname, or null. */
export function postgresTypeOid(name: string): number | null {
  return oidByName.get(name) ?? null;
}

/** Element type of a built-in array type, or null when the oid is not one. */
export function postgresArrayElement(oid: number): number | null {
  return elementByArray.get(oid) ?? null;
}

/** Array type of a built-in scalar type, or null. */
export function postgresArrayOf(oid: number): number | null {
  return arrayByElement.get(oid) ?? null;
}

/** How values of a type are represented; user-defined types and all others are opaque. */
export function postgresKind(oid: number): ValueKind {
  const name = nameByOid.get(oid);
  return (name === undefined ? undefined : KINDS[name]) ?? "opaque";
}

const plainTypes = new Map<number, SqlType>();

/**
 * The type with this oid. Text types get no collation here (it belongs to the column), except
 * `name` and `"char"`, whose own is fixed. An enum must be told by its caller, who knows its labels.
 */
export function postgresType(oid: number, modifier = -1, name?: string): SqlType {
  const plain = modifier === -1 && name === undefined;
  const known = plain ? plainTypes.get(oid) : undefined;
  if (known !== undefined) return known;
  const typeName = postgresTypeName(oid);
  const collation = typeName === null ? undefined : TYPE_COLLATIONS[typeName];
  const type: SqlType = {
    kind: postgresKind(oid),
    upstreamId: oid,
    name: name ?? typeName ?? `type ${oid}`,
    modifier,
    ...(UNSIGNED_OIDS.has(oid) ? { unsigned: true } : {}),
    ...(collation === undefined ? {} : { collation }),
  };
  if (plain && typeName !== null) plainTypes.set(oid, type);
  return type;
}
