import { daysFromCivil, isoDateParts, splitTimestamp, two } from "../postgres/datetime.ts";
import { TIMESTAMP_NEGATIVE_INFINITY } from "../value.ts";

/**
 * MySQL's dates and times: DATE and DATETIME are civil, with zero (`0000-00-00`) and partial
 * (`2024-00-00`) dates among them; TIME is a duration of either sign; TIMESTAMP is an instant.
 *
 * `civildate` is `year * 512 + month * 32 + day`; `civildatetime` is the packed form of the
 * binary log and of InnoDB, without its sign bit:
 *
 *     ((((year * 13 + month) << 5 | day) << 17 | hour << 12 | minute << 6 | second) << 24) | micros
 */

/** `fsp` of an expression whose fractional digits are not known: six, or none for none. */
const UNKNOWN_DIGITS = -1;
const ZERO_TIMESTAMP = "0000-00-00 00:00:00";
const MICROS_PER_SECOND = 1_000_000;
const MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND;
/** Days from 1970-01-01 to 2000-01-01, in microseconds. */
export const MICROS_1970_TO_2000 = 946_684_800_000_000n;

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DATETIME = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;
const TIME = /^(-?)(\d{2,3}):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;

function malformed(type: string, text: string): never {
  throw new SyntaxError(`not a ${type}: ${JSON.stringify(text)}`);
}

export function packCivilDate(year: number, month: number, day: number): number {
  return year * 512 + month * 32 + day;
}

export function packCivilDatetime(
  ...[year, month, day, hour, minute, second, micros]: readonly [
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
    micros: number,
  ]
): bigint {
  const date = ((year * 13 + month) << 5) | day;
  const clock = (hour << 12) | (minute << 6) | second;
  // Each part is exact as a double: 22 bits and 17 bits, then 24 bits.
  return (BigInt(date * 131_072 + clock) << 24n) | BigInt(micros);
}

export interface CivilDatetime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
}

export function unpackCivilDatetime(packed: bigint): CivilDatetime {
  const micros = Number(packed & 0xffffffn);
  const whole = Number(packed >> 24n);
  const clock = whole % 131_072;
  const date = Math.floor(whole / 131_072);
  const months = date >> 5;
  return {
    year: Math.floor(months / 13),
    month: months % 13,
    day: date & 31,
    hour: clock >> 12,
    minute: (clock >> 6) & 63,
    second: clock & 63,
    micros,
  };
}

export function parseCivilDate(text: string): number {
  const match = DATE.exec(text);
  if (match === null) malformed("date", text);
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month > 12 || day > 31) malformed("date", text);
  return packCivilDate(year, month, day);
}

export function printCivilDate(value: number): string {
  return dateText(value >> 9, (value >> 5) & 15, value & 31);
}

/** A date alone is its midnight. */
export function parseCivilDatetime(text: string): bigint {
  const match = DATETIME.exec(text);
  if (match === null) malformed("datetime", text);
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const [hour, minute, second] = [
    Number(match[4] ?? 0),
    Number(match[5] ?? 0),
    Number(match[6] ?? 0),
  ];
  if (month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59)
    malformed("datetime", text);
  return packCivilDatetime(year, month, day, hour, minute, second, microsOf(match[7]));
}

/** With exactly `digits` fractional digits. */
export function printCivilDatetime(value: bigint, digits: number): string {
  const { year, month, day, hour, minute, second, micros } = unpackCivilDatetime(value);
  const clock = `${two(hour)}:${two(minute)}:${two(second)}`;
  return `${dateText(year, month, day)} ${clock}${fractionText(micros, digits)}`;
}

/** Microseconds, to ±838:59:59.999999. */
export function parseMysqlTime(text: string): number {
  const match = TIME.exec(text);
  if (match === null) malformed("time", text);
  const [, sign, hours, minutes, seconds, fraction] = match;
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  const micros = whole * MICROS_PER_SECOND + microsOf(fraction);
  return sign === "-" && micros !== 0 ? -micros : micros;
}

export function printMysqlTime(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  const seconds = Math.floor(magnitude / MICROS_PER_SECOND);
  const minutes = Math.floor(seconds / 60);
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`;
  const fraction = fractionText(magnitude - seconds * MICROS_PER_SECOND, digits);
  return `${value < 0 ? "-" : ""}${clock}${fraction}`;
}

/** A TIMESTAMP in UTC: microseconds since 2000-01-01; the zero value comes before all others. */
export function parseMysqlTimestamp(text: string): bigint {
  if (text.startsWith(ZERO_TIMESTAMP)) return TIMESTAMP_NEGATIVE_INFINITY;
  const match = DATETIME.exec(text);
  if (match === null) malformed("timestamp", text);
  const days = daysFromCivil(Number(match[1]), Number(match[2]), Number(match[3]));
  const hours = Number(match[4] ?? 0);
  const seconds = (hours * 60 + Number(match[5] ?? 0)) * 60 + Number(match[6] ?? 0);
  const micros = days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + microsOf(match[7]);
  if (!Number.isSafeInteger(micros)) malformed("timestamp", text);
  return BigInt(micros);
}

export function printMysqlTimestamp(value: bigint, digits: number): string {
  if (value === TIMESTAMP_NEGATIVE_INFINITY) return ZERO_TIMESTAMP + fractionText(0, digits);
  const { days, time } = splitTimestamp(value);
  return `${isoDateParts(days).date} ${printMysqlTime(time, digits)}`;
}

function dateText(year: number, month: number, day: number): string {
  return `${year < 1000 ? `${year}`.padStart(4, "0") : year}-${two(month)}-${two(day)}`;
}

function microsOf(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction) * 10 ** (6 - fraction.length);
}

function fractionText(micros: number, digits: number): string {
  if (digits === 0 || (digits === UNKNOWN_DIGITS && micros === 0)) return "";
  const all = `${micros}`.padStart(6, "0");
  return `.${digits === UNKNOWN_DIGITS ? all : all.slice(0, digits)}`;
}
