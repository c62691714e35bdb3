import type { SqlType } from "@freshet/types";
import { scaleOf } from "./number-types.ts";
import { MYSQL_TYPE } from "./types.data.ts";

/**
 * Whether a result column's type is what we inferred. Versions differ in the width of integers
 * and in the family of a text, which change no value and no text of one; all else must agree.
 */
export function mysqlSameResultType(ours: SqlType, theirs: SqlType): boolean {
  const theirFamily = familyOf(theirs);
  if (familyOf(ours) === theirFamily) return true;
  if (theirs.upstreamId === MYSQL_TYPE.null) return true;
  switch (familyOf(ours)) {
    case "integer":
      // Of integers of both signs some versions make a DECIMAL.
      return theirFamily === "decimal 0";
    case "year":
      return theirFamily.startsWith("integer");
    default:
      return false;
  }
}

function familyOf(type: SqlType): string {
  switch (type.upstreamId) {
    case MYSQL_TYPE.year:
      return "year";
    case MYSQL_TYPE.bit:
      return "bit";
    case MYSQL_TYPE.json:
      return "json";
    default:
  }
  switch (type.kind) {
    case "bool":
    case "int":
    case "bigint":
      return `integer${type.unsigned === true ? " unsigned" : ""}`;
    case "decimal":
      return `decimal ${scaleOf(type)}`;
    case "text":
    case "enum":
    case "opaque":
      return "text";
    case "float4":
    case "float8":
      // With a fixed number of digits, or as many as it takes.
      return `${type.kind} ${type.modifier === -1 ? "" : type.modifier & 0xff}`;
    case "civildatetime":
    case "timestamptz":
    case "time":
      return `${type.kind} ${Math.max(type.modifier, 0)}`;
    default:
      return type.kind;
  }
}
