import type { SqlType, ValueKind } from "@freshet/types";
import { TYPE } from "../column-types.ts";
import { CHARSET_MAX_BYTES, charsetOfCollation } from "./charsets.ts";
import { membersOf } from "./column-reader.ts";
import type { MapColumn } from "./events.ts";
import { charsetOf } from "./text-values.ts";

/** What the catalogue may call a stored type: the value's kind and the protocol's types. */
interface Expected {
  readonly kinds: readonly ValueKind[];
  readonly types: readonly number[];
}

const STRINGS = [TYPE.varString, TYPE.varchar];
const BLOBS = [TYPE.blob, TYPE.tinyBlob, TYPE.mediumBlob, TYPE.longBlob];
const one = (kind: ValueKind, ...types: number[]): Expected => ({ kinds: [kind], types });

const EXPECTED: ReadonlyMap<number, Expected> = new Map<number, Expected>([
  [TYPE.tiny, one("int", TYPE.tiny)],
  [TYPE.short, one("int", TYPE.short)],
  [TYPE.int24, one("int", TYPE.int24)],
  [TYPE.long, one("int", TYPE.long)],
  [TYPE.longlong, one("bigint", TYPE.longlong)],
  [TYPE.year, one("int", TYPE.year)],
  [TYPE.float, one("float4", TYPE.float)],
  [TYPE.double, one("float8", TYPE.double)],
  [TYPE.newdecimal, one("decimal", TYPE.newdecimal)],
  [TYPE.bit, one("bigint", TYPE.bit)],
  [TYPE.date, one("civildate", TYPE.date, TYPE.newdate)],
  [TYPE.newdate, one("civildate", TYPE.date, TYPE.newdate)],
  [TYPE.datetime, one("civildatetime", TYPE.datetime, TYPE.datetime2)],
  [TYPE.datetime2, one("civildatetime", TYPE.datetime, TYPE.datetime2)],
  [TYPE.timestamp, one("timestamptz", TYPE.timestamp, TYPE.timestamp2)],
  [TYPE.timestamp2, one("timestamptz", TYPE.timestamp, TYPE.timestamp2)],
  [TYPE.time, one("time", TYPE.time, TYPE.time2)],
  [TYPE.time2, one("time", TYPE.time, TYPE.time2)],
  [TYPE.json, one("opaque", TYPE.json)],
  [TYPE.enum, { kinds: ["enum", "opaque"], types: [TYPE.enum, TYPE.string] }],
  [TYPE.set, { kinds: ["enum", "text", "opaque"], types: [TYPE.set, TYPE.string] }],
  [TYPE.string, { kinds: ["text", "bytes"], types: [TYPE.string] }],
  [TYPE.varchar, { kinds: ["text", "bytes"], types: STRINGS }],
  [TYPE.varString, { kinds: ["text", "bytes"], types: STRINGS }],
  [TYPE.blob, { kinds: ["text", "bytes", "opaque"], types: BLOBS }],
  [TYPE.geometry, one("bytes", TYPE.geometry)],
  [TYPE.vector, one("bytes", TYPE.vector, ...BLOBS)],
]);

const TIMES: ReadonlySet<number> = new Set([TYPE.datetime2, TYPE.timestamp2, TYPE.time2]);
const OLD_TIMES: ReadonlySet<number> = new Set([TYPE.datetime, TYPE.timestamp, TYPE.time]);

/** Why values of the stored column are not of this type; null when they are. */
export function disagreement(column: MapColumn, type: SqlType): string | null {
  const expected = EXPECTED.get(column.type);
  if (expected === undefined) return `its stored type ${column.type} cannot be read`;
  if (!expected.kinds.includes(type.kind) || !expected.types.includes(type.upstreamId)) {
    return `it is stored as type ${column.type}, not ${type.name}`;
  }
  if (column.unsigned !== null && type.kind !== "float4" && type.kind !== "float8") {
    const numeric = type.kind === "int" || type.kind === "bigint";
    if (numeric && column.unsigned !== (type.unsigned === true)) {
      return `it is ${column.unsigned ? "" : "not "}unsigned`;
    }
  }
  return modifierDisagreement(column, type) ?? memberDisagreement(column, type);
}

function modifierDisagreement(column: MapColumn, type: SqlType): string | null {
  if (column.type === TYPE.newdecimal || TIMES.has(column.type) || column.type === TYPE.bit) {
    return type.modifier >= 0 && type.modifier !== column.meta
      ? `its type modifier is ${column.meta}, not ${type.modifier}`
      : null;
  }
  if (OLD_TIMES.has(column.type)) {
    return type.modifier > 0 ? "it has fractional seconds in a format before MySQL 5.6" : null;
  }
  return type.kind === "text" || type.kind === "bytes" ? textDisagreement(column, type) : null;
}

function textDisagreement(column: MapColumn, type: SqlType): string | null {
  const told = column.collation === null ? null : charsetOfCollation(column.collation);
  const charset = type.kind === "bytes" ? "binary" : charsetOf(column, type);
  if (charset === null) return "the character set of its text is not known";
  if (type.kind === "text" && charset === "binary") return "it is binary, not text";
  if (told !== null && told !== charset) {
    return `its collation ${column.collation} is not of ${charset}`;
  }
  const sized = column.type === TYPE.string || column.type === TYPE.varchar;
  if (!sized || type.modifier < 0) return null;
  const bytes = type.modifier * CHARSET_MAX_BYTES[charset];
  return bytes === column.meta ? null : `it holds ${column.meta} bytes, not ${bytes}`;
}

function memberDisagreement(column: MapColumn, type: SqlType): string | null {
  if (column.type !== TYPE.enum && column.type !== TYPE.set) return null;
  const members = membersOf(column, type);
  if (members === null) return "its members are not known";
  const told = column.members;
  const same =
    told === null ||
    (told.length === members.length && told.every((member, index) => member === members[index]));
  return same ? null : "its members are others";
}
