import { TIMESTAMP_NEGATIVE_INFINITY } from "@freshet/types";
import { malformed } from "./binlog-error.ts";
import { type RowCursor, int64Of } from "./row-cursor.ts";

/** Seconds from 1970-01-01 to 2000-01-01. */
const EPOCH_SECONDS = 946_684_800;

/** Microseconds per unit of a fraction of 0 to 3 bytes. */
const FRACTION_UNIT = [0, 10_000, 100, 1];
/** First bit of the stored forms whose order is that of their bytes. */
const TIME_OFFSET = 0x80_0000;
const DATETIME_OFFSET = 0x80_0000_0000;
const PACKED_FRACTION = 2 ** 24;

export function fractionBytes(fsp: number): number {
  return (fsp + 1) >> 1;
}

function micros(cursor: RowCursor, bytes: number): number {
  return bytes === 0 ? 0 : cursor.bigEndian(bytes) * (FRACTION_UNIT[bytes] as number);
}

/** Microseconds since 2000, UTC; the zero timestamp is the extreme value. */
export function readTimestamp2(cursor: RowCursor, fraction: number): bigint {
  const seconds = cursor.bigEndian(4);
  return timestamp(seconds, micros(cursor, fraction));
}

/** Before MySQL 5.6: whole seconds. */
export function readOldTimestamp(cursor: RowCursor): bigint {
  return timestamp(cursor.int32() >>> 0, 0);
}

function timestamp(seconds: number, fraction: number): bigint {
  if (seconds === 0 && fraction === 0) return TIMESTAMP_NEGATIVE_INFINITY;
  return BigInt((seconds - EPOCH_SECONDS) * 1_000_000 + fraction);
}

/** MySQL's packed form; `fraction` in bytes. */
export function readDatetime2(cursor: RowCursor, fraction: number): bigint {
  const whole = cursor.bigEndian(5) - DATETIME_OFFSET;
  if (whole < 0) throw malformed("a negative datetime");
  const rest = micros(cursor, fraction);
  return int64Of(Math.floor(whole / 256), ((whole % 256) << 24) | rest);
}

/** Before MySQL 5.6: the digits of YYYYMMDDhhmmss as a number. */
export function readOldDatetime(cursor: RowCursor): bigint {
  const low = cursor.int32() >>> 0;
  const digits = (cursor.int32() >>> 0) * 2 ** 32 + low;
  const date = Math.floor(digits / 1_000_000);
  const time = digits % 1_000_000;
  const year = Math.floor(date / 10_000);
  const yearMonth = year * 13 + (Math.floor(date / 100) % 100);
  const clock =
    (Math.floor(time / 10_000) << 12) | ((Math.floor(time / 100) % 100) << 6) | (time % 100);
  const whole = ((yearMonth << 5) | (date % 100)) * 2 ** 17 + clock;
  return int64Of(Math.floor(whole / 256), (whole % 256) << 24);
}

/** `year * 512 + month * 32 + day`, which is how it is stored. */
export function readDate(cursor: RowCursor): number {
  return cursor.uint24();
}

/** Microseconds, negative ones too. */
export function readTime2(cursor: RowCursor, fraction: number): number {
  if (fraction === 3) return timeOfPacked(cursor.bigEndian(6) - TIME_OFFSET * PACKED_FRACTION);
  let whole = cursor.bigEndian(3) - TIME_OFFSET;
  let rest = fraction === 0 ? 0 : cursor.bigEndian(fraction);
  if (whole < 0 && rest > 0) {
    // The two's complement of whole and fraction together.
    whole += 1;
    rest -= 256 ** fraction;
  }
  return timeOfPacked(whole * PACKED_FRACTION + rest * (FRACTION_UNIT[fraction] as number));
}

/** `hour << 12 | minute << 6 | second`, 24 bits of microseconds; negated as a whole. In microseconds. */
export function timeOfPacked(packed: number): number {
  const size = Math.abs(packed);
  const whole = Math.floor(size / PACKED_FRACTION);
  const seconds = (whole >> 12) * 3600 + ((whole >> 6) & 63) * 60 + (whole & 63);
  const value = seconds * 1_000_000 + (size % PACKED_FRACTION);
  return packed < 0 ? -value : value;
}

/** Before MySQL 5.6: the digits of hhmmss as a signed number. */
export function readOldTime(cursor: RowCursor): number {
  const digits = (cursor.uint24() << 8) >> 8;
  const size = Math.abs(digits);
  const seconds =
    Math.floor(size / 10_000) * 3600 + (Math.floor(size / 100) % 100) * 60 + (size % 100);
  return digits < 0 ? -seconds * 1_000_000 : seconds * 1_000_000;
}
