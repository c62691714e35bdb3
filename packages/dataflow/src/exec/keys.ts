import { groupKey } from "@freshet/types";
import type { SqlType, Value } from "@freshet/types";
import { hasSpellings } from "../plan/one-form.ts";

export type HashKey = string | number | bigint | boolean;
export type Hasher = (values: readonly NonNullable<Value>[]) => HashKey;

/** Map keys for values of these types, none of them NULL; equal keys if and only if equal values. */
export function hasherOf(types: readonly SqlType[]): Hasher {
  if (types.length === 1 && isOwnKey(types[0]!)) return (values) => values[0] as HashKey;
  return (values) => groupKey(types, values);
}

/** Kinds whose representation is equal (as a Map key) exactly when the values are. */
export function isOwnKey(type: SqlType): boolean {
  switch (type.kind) {
    case "int":
    case "bigint":
    case "bool":
    case "uuid":
    case "bytes":
    case "date":
    case "time":
    case "timestamp":
    case "timestamptz":
    case "civildate":
    case "civildatetime":
    case "enum":
    case "float4":
    case "float8":
      return true;
    case "text":
      return !hasSpellings(type);
    default:
      return false;
  }
}
