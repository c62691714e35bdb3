import type { SqlType, Value } from "@freshet/types";
import { TYPE } from "../column-types.ts";
import { malformed } from "./binlog-error.ts";
import { binaryJsonText } from "./binary-json.ts";
import { columnWidth } from "./column-width.ts";
import type { MapColumn } from "./events.ts";
import { packedDecimalBytes, readPackedDecimal } from "./packed-decimal.ts";
import { type RowCursor, int64Of, readInt32, uint64Of } from "./row-cursor.ts";
import {
  fractionBytes,
  readDate,
  readDatetime2,
  readOldDatetime,
  readOldTime,
  readOldTimestamp,
  readTime2,
  readTimestamp2,
} from "./temporal-values.ts";
import { compileText } from "./text-values.ts";

export type ReadValue = (cursor: RowCursor) => Value;

/**
 * Reads a value of the column; `type` has been found to agree with it. MariaDB stores -0 and
 * prints 0 for it; adding 0 makes that of it.
 */
export function compileRead(column: MapColumn, type: SqlType, mariadb: boolean): ReadValue {
  switch (column.type) {
    case TYPE.tiny:
    case TYPE.short:
    case TYPE.int24:
    case TYPE.long:
    case TYPE.longlong:
    case TYPE.year:
      return compileInteger(column.type, type.unsigned === true);
    case TYPE.float:
      return mariadb ? (cursor) => readFloat(cursor) + 0 : readFloat;
    case TYPE.double:
      return mariadb ? (cursor) => readDouble(cursor) + 0 : readDouble;
    case TYPE.newdecimal:
      return compileDecimal(column.meta >> 8, column.meta & 0xff);
    case TYPE.bit:
      return compileBit(columnBytes(column));
    case TYPE.json:
      return compileJson(column.meta);
    case TYPE.enum:
    case TYPE.set:
      return compileMembers(column, type);
    default:
      return compileTemporal(column) ?? compileText(column, type);
  }
}

function readFloat(cursor: RowCursor): number {
  return cursor.bytes.readFloatLE(cursor.skip(4));
}

function readDouble(cursor: RowCursor): number {
  return cursor.bytes.readDoubleLE(cursor.skip(8));
}

function columnBytes(column: MapColumn): number {
  const width = columnWidth(column);
  if ("fixed" in width) return width.fixed;
  throw malformed("a column of variable width where none can be");
}

function compileInteger(stored: number, unsigned: boolean): ReadValue {
  switch (stored) {
    case TYPE.tiny:
      return unsigned ? (cursor) => cursor.uint8() : (cursor) => (cursor.uint8() << 24) >> 24;
    case TYPE.short:
      return unsigned ? (cursor) => cursor.uint16() : (cursor) => (cursor.uint16() << 16) >> 16;
    case TYPE.int24:
      return unsigned ? (cursor) => cursor.uint24() : (cursor) => (cursor.uint24() << 8) >> 8;
    case TYPE.long:
      return unsigned ? (cursor) => cursor.int32() >>> 0 : (cursor) => cursor.int32();
    case TYPE.year:
      return (cursor) => {
        const stored = cursor.uint8();
        return stored === 0 ? 0 : 1900 + stored;
      };
    default: {
      const of = unsigned ? uint64Of : int64Of;
      return (cursor) => {
        const at = cursor.skip(8);
        return of(readInt32(cursor.bytes, at + 4), readInt32(cursor.bytes, at));
      };
    }
  }
}

function compileDecimal(precision: number, scale: number): ReadValue {
  if (scale > precision || precision < 1) throw malformed("an impossible decimal type");
  const bytes = packedDecimalBytes(precision, scale);
  return (cursor) => readPackedDecimal(cursor.bytes, cursor.skip(bytes), precision, scale);
}

function compileBit(bytes: number): ReadValue {
  if (bytes <= 6) return (cursor) => BigInt(cursor.bigEndian(bytes));
  return (cursor) => {
    const high = cursor.bigEndian(bytes - 4);
    return uint64Of(high, cursor.bigEndian(4));
  };
}

function compileJson(prefix: number): ReadValue {
  return (cursor) => {
    const length = cursor.length(prefix);
    const at = cursor.skip(length);
    try {
      return binaryJsonText(cursor.bytes.subarray(at, at + length));
    } catch (error) {
      if (error instanceof RangeError) throw malformed("a JSON document is malformed", error);
      throw error;
    }
  };
}

/** The members of an enum or set: the catalogue's, else what the table map tells. */
export function membersOf(column: MapColumn, type: SqlType): readonly string[] | null {
  return type.enumLabels ?? column.members;
}

function compileMembers(column: MapColumn, type: SqlType): ReadValue {
  const members = membersOf(column, type) ?? [];
  const bytes = column.meta;
  if (bytes < 1 || bytes > 8) throw malformed("an enum or set of an impossible width");
  if (column.type === TYPE.enum) {
    return (cursor) => {
      const index = cursor.length(bytes);
      // An invalid value is stored as 0 and printed as the empty string.
      if (index === 0) return "";
      const label = members[index - 1];
      if (label === undefined) throw malformed(`an enum value ${index} of ${members.length}`);
      return label;
    };
  }
  return (cursor) => {
    const at = cursor.skip(bytes);
    const chosen: string[] = [];
    for (let index = 0; index < bytes * 8; index += 1) {
      if (((cursor.bytes[at + (index >> 3)] as number) & (1 << (index & 7))) === 0) continue;
      const member = members[index];
      if (member === undefined) throw malformed(`a set member ${index + 1} of ${members.length}`);
      chosen.push(member);
    }
    return chosen.join(",");
  };
}

function compileTemporal({ type, meta }: MapColumn): ReadValue | null {
  const fraction = fractionBytes(meta);
  switch (type) {
    case TYPE.date:
    case TYPE.newdate:
      return readDate;
    case TYPE.datetime2:
      return (cursor) => readDatetime2(cursor, fraction);
    case TYPE.datetime:
      return readOldDatetime;
    case TYPE.timestamp2:
      return (cursor) => readTimestamp2(cursor, fraction);
    case TYPE.timestamp:
      return readOldTimestamp;
    case TYPE.time2:
      return (cursor) => readTime2(cursor, fraction);
    case TYPE.time:
      return readOldTime;
    default:
      return null;
  }
}
