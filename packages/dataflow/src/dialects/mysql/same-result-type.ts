import type { SqlType } from "@freshet/types";
import { scaleOf } from "./number-types.ts";
import { MYSQL_TYPE } from "./types.data.ts";

/**
 * Whether a result column's type is what we inferred. Versions differ in the width of integers
 * and in the family of a text, which change no value and no text of one; all else must agree.
 */
export function mysqlSameResultType(ours: SqlType, theirs: SqlType): boolean {
  return familyOf(ours) === familyOf(theirs);
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
    case "civildatetime":
    case "timestamptz":
    case "time":
      return `${type.kind} ${Math.max(type.modifier, 0)}`;
    default:
      return type.kind;
  }
}
