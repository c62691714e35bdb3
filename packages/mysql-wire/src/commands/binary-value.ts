import { TYPE } from "../column-types.ts";
import type { PayloadReader } from "../payload-reader.ts";
import { malformedPacket } from "../protocol-violation.ts";

/**
 * A value of the binary protocol: integers up to 32 bits and floats are numbers, LONGLONG is
 * bigint, dates and times are MySQL's text (`YYYY-MM-DD[ hh:mm:ss[.ffffff]]`,
 * `[-]hh:mm:ss[.ffffff]`), everything else is a byte string.
 */
export type BinaryValue = number | bigint | string | null;

/**
 * Reads one value; the reader stands behind it afterwards. YEAR and INT24 have the layout of
 * results, as SHORT and LONG.
 */
export function readBinaryValue(
  reader: PayloadReader,
  typeId: number,
  unsigned: boolean,
): BinaryValue {
  const { buffer } = reader;
  switch (typeId) {
    case TYPE.null:
      return null;
    case TYPE.tiny: {
      const at = reader.skip(1);
      return unsigned ? (buffer[at] as number) : buffer.readInt8(at);
    }
    case TYPE.short:
    case TYPE.year: {
      const at = reader.skip(2);
      return unsigned ? buffer.readUInt16LE(at) : buffer.readInt16LE(at);
    }
    case TYPE.long:
    case TYPE.int24: {
      const at = reader.skip(4);
      return unsigned ? buffer.readUInt32LE(at) : buffer.readInt32LE(at);
    }
    case TYPE.longlong: {
      const at = reader.skip(8);
      return unsigned ? buffer.readBigUInt64LE(at) : buffer.readBigInt64LE(at);
    }
    case TYPE.float:
      return buffer.readFloatLE(reader.skip(4));
    case TYPE.double:
      return buffer.readDoubleLE(reader.skip(8));
    case TYPE.date:
    case TYPE.newdate:
      return readDateTime(reader, true);
    case TYPE.datetime:
    case TYPE.timestamp:
      return readDateTime(reader, false);
    case TYPE.time:
      return readTime(reader);
    default:
      return reader.lenencString();
  }
}

function digits(value: number, width: number): string {
  return `${value}`.padStart(width, "0");
}

function fraction(micros: number): string {
  return micros === 0 ? "" : `.${digits(micros, 6)}`;
}

/** Lengths 0, 4 (date), 7 (seconds) and 11 (microseconds). */
function readDateTime(reader: PayloadReader, isDate: boolean): string {
  const length = reader.uint8();
  if (length === 0) return isDate ? "0000-00-00" : "0000-00-00 00:00:00";
  if (length !== 4 && length !== 7 && length !== 11) throw malformedPacket();
  const { buffer } = reader;
  const at = reader.skip(length);
  const date = `${digits(buffer.readUInt16LE(at), 4)}-${digits(buffer[at + 2]!, 2)}-${digits(buffer[at + 3]!, 2)}`;
  if (length === 4) return isDate ? date : `${date} 00:00:00`;
  const time = clock(buffer[at + 4]!, buffer[at + 5]!, buffer[at + 6]!);
  return `${date} ${time}${length === 11 ? fraction(buffer.readUInt32LE(at + 7)) : ""}`;
}

function clock(hours: number, minutes: number, seconds: number): string {
  return `${digits(hours, 2)}:${digits(minutes, 2)}:${digits(seconds, 2)}`;
}

/** Lengths 0, 8 and 12: sign, days, hours, minutes, seconds, microseconds. */
function readTime(reader: PayloadReader): string {
  const length = reader.uint8();
  if (length === 0) return "00:00:00";
  if (length !== 8 && length !== 12) throw malformedPacket();
  const { buffer } = reader;
  const at = reader.skip(length);
  const sign = buffer[at] === 0 ? "" : "-";
  const hours = buffer.readUInt32LE(at + 1) * 24 + buffer[at + 5]!;
  const time = clock(hours, buffer[at + 6]!, buffer[at + 7]!);
  return `${sign}${time}${length === 12 ? fraction(buffer.readUInt32LE(at + 8)) : ""}`;
}
