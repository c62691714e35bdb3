import {
  parseCivilDatetime,
  parseMysqlTime,
  parseMysqlTimestamp,
  printMysqlTimestamp,
  TIMESTAMP_NEGATIVE_INFINITY,
  unpackCivilDatetime,
} from "@freshet/types";
import type { PacketBuilder } from "../packet-builder.ts";

/** Canonical texts of dates and times to the binary protocol, and TIMESTAMPs to a time zone. */

const MICROS_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;

/** Length byte and value of a DATE, DATETIME or TIMESTAMP: as short as the value allows. */
export function writeBinaryDateTime(text: string, out: PacketBuilder): void {
  const parts = unpackCivilDatetime(parseCivilDatetime(text));
  const { year, month, day, hour, minute, second, micros } = parts;
  const hasTime = (hour | minute | second) !== 0;
  const length = micros !== 0 ? 11 : hasTime ? 7 : (year | month | day) !== 0 ? 4 : 0;
  out.uint8(length);
  if (length === 0) return;
  out.uint16(year);
  out.uint8(month);
  out.uint8(day);
  if (length === 4) return;
  out.uint8(hour);
  out.uint8(minute);
  out.uint8(second);
  if (length === 11) out.uint32(micros);
}

/** Length byte and value of a TIME. */
export function writeBinaryTime(text: string, out: PacketBuilder): void {
  const value = parseMysqlTime(text);
  const magnitude = Math.abs(value);
  const seconds = Math.floor(magnitude / MICROS_PER_SECOND);
  const micros = magnitude - seconds * MICROS_PER_SECOND;
  const length = micros !== 0 ? 12 : seconds === 0 ? 0 : 8;
  out.uint8(length);
  if (length === 0) return;
  out.uint8(value < 0 ? 1 : 0);
  out.uint32(Math.floor(seconds / SECONDS_PER_DAY));
  out.uint8(Math.floor(seconds / 3600) % 24);
  out.uint8(Math.floor(seconds / 60) % 60);
  out.uint8(seconds % 60);
  if (length === 12) out.uint32(micros);
}

/** `text` is a TIMESTAMP in UTC; the zero timestamp is the same in every zone. */
export function shiftTimestamp(text: string, offsetSeconds: number): string {
  if (offsetSeconds === 0) return text;
  const value = parseMysqlTimestamp(text);
  if (value === TIMESTAMP_NEGATIVE_INFINITY) return text;
  const point = text.indexOf(".");
  const digits = point === -1 ? 0 : text.length - point - 1;
  return printMysqlTimestamp(value + BigInt(offsetSeconds * MICROS_PER_SECOND), digits);
}
