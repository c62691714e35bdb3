import type { PacketBuilder } from "../packet-builder.ts";

/** Canonical texts of dates and times to the binary protocol, and TIMESTAMPs to a time zone. */

/** Parts of `YYYY-MM-DD[ hh:mm:ss[.ffffff]]`. */
interface DateTimeParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
}

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;
const TIME = /^(-?)(\d{2,3}):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;

function microsOf(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.padEnd(6, "0"));
}

function parseDateTime(text: string): DateTimeParts {
  const match = DATE_TIME.exec(text);
  if (match === null) throw new SyntaxError(`not a date and time: ${JSON.stringify(text)}`);
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction] = match;
  return {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    micros: microsOf(fraction),
  };
}

/** Length byte and value of a DATE, DATETIME or TIMESTAMP: as short as the value allows. */
export function writeBinaryDateTime(text: string, out: PacketBuilder): void {
  const parts = parseDateTime(text);
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
  const match = TIME.exec(text);
  if (match === null) throw new SyntaxError(`not a time: ${JSON.stringify(text)}`);
  const [, sign, hourText, minute, second, fraction] = match;
  const hours = Number(hourText);
  const micros = microsOf(fraction);
  const isZero = hours === 0 && Number(minute) === 0 && Number(second) === 0;
  const length = micros !== 0 ? 12 : isZero ? 0 : 8;
  out.uint8(length);
  if (length === 0) return;
  out.uint8(sign === "-" ? 1 : 0);
  out.uint32(Math.floor(hours / 24));
  out.uint8(hours % 24);
  out.uint8(Number(minute));
  out.uint8(Number(second));
  if (length === 12) out.uint32(micros);
}

function digits(value: number, width: number): string {
  return `${value}`.padStart(width, "0");
}

/** `text` is a TIMESTAMP in UTC; the zero timestamp is the same in every zone. */
export function shiftTimestamp(text: string, offsetSeconds: number): string {
  if (offsetSeconds === 0 || text.startsWith("0000-00-00")) return text;
  const { year, month, day, hour, minute, second } = parseDateTime(text);
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  const local = new Date(utc + offsetSeconds * 1000);
  const date = `${digits(local.getUTCFullYear(), 4)}-${digits(local.getUTCMonth() + 1, 2)}-${digits(local.getUTCDate(), 2)}`;
  const time = `${digits(local.getUTCHours(), 2)}:${digits(local.getUTCMinutes(), 2)}:${digits(local.getUTCSeconds(), 2)}`;
  const point = text.indexOf(".");
  return `${date} ${time}${point === -1 ? "" : text.slice(point)}`;
}
