import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY } from "../value.ts";

/**
 * Dates and times in the ISO form Postgres prints (DateStyle ISO, TimeZone UTC). Days and
 * microseconds count from 2000-01-01 in the proleptic Gregorian calendar.
 */

const MICROS_PER_DAY = 86_400_000_000;
const MICROS_PER_DAY_BIG = 86_400_000_000n;
const DAYS_FROM_YEAR_ZERO_MARCH = 730_425;

/** Days since 2000-01-01; `year` is astronomical (0 is 1 BC). No range check. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - DAYS_FROM_YEAR_ZERO_MARCH;
}

export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function civilFromDays(days: number): CivilDate {
  const shifted = days + DAYS_FROM_YEAR_ZERO_MARCH;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

export function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

const DATE = /^(\d{4,})-(\d\d)-(\d\d)$/;

function malformed(type: string, text: string): never {
  throw new SyntaxError(`not a ${type}: ${JSON.stringify(text)}`);
}

/** The number in ASCII digits from `start` to `end`, or NaN. */
function digitsAt(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    // NaN, past the end, fails both comparisons.
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

const DASH = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;

function parsePlainDate(text: string, beforeChrist: boolean, type: string): number {
  if (text.length === 10 && text.charCodeAt(4) === DASH && text.charCodeAt(7) === DASH) {
    const year = digitsAt(text, 0, 4);
    const month = digitsAt(text, 5, 7);
    const day = digitsAt(text, 8, 10);
    if (year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31) {
      return daysFromCivil(beforeChrist ? 1 - year : year, month, day);
    }
  }
  const match = DATE.exec(text);
  if (match === null) malformed(type, text);
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (month < 1 || month > 12 || day < 1 || day > 31) malformed(type, text);
  return daysFromCivil(beforeChrist ? 1 - year : year, month, day);
}

export function parseDate(text: string): number {
  if (text.endsWith(" BC")) return parsePlainDate(text.slice(0, -3), true, "date");
  if (text === "infinity") return Infinity;
  if (text === "-infinity") return -Infinity;
  return parsePlainDate(text, false, "date");
}

/** `0044-03-15 BC` in two parts, as a time of day may stand between them. */
export function isoDateParts(days: number): { readonly date: string; readonly era: string } {
  const { year, month, day } = civilFromDays(days);
  const shown = year > 0 ? year : 1 - year;
  const digits = shown >= 1000 ? `${shown}` : `${shown}`.padStart(4, "0");
  return { date: `${digits}-${two(month)}-${two(day)}`, era: year > 0 ? "" : " BC" };
}

export function printDate(days: number): string {
  if (days === Infinity) return "infinity";
  if (days === -Infinity) return "-infinity";
  const { date, era } = isoDateParts(days);
  return date + era;
}

/** Microseconds since midnight; 24:00:00 is a value of its own. */
export function parseTime(text: string): number {
  const { length } = text;
  const hasFraction = length >= 10 && length <= 15 && text.charCodeAt(8) === DOT;
  const hasClock = text.charCodeAt(2) === COLON && text.charCodeAt(5) === COLON;
  if (!hasClock || (length !== 8 && !hasFraction)) malformed("time", text);
  const minutes = digitsAt(text, 0, 2) * 60 + digitsAt(text, 3, 5);
  let micros = (minutes * 60 + digitsAt(text, 6, 8)) * 1_000_000;
  if (hasFraction) micros += digitsAt(text, 9, length) * 10 ** (15 - length);
  if (Number.isNaN(micros)) malformed("time", text);
  return micros;
}

/** `.5` for half a second in microseconds, empty for none. */
export function printFraction(micros: number): string {
  if (micros === 0) return "";
  let digits = `${micros}`.padStart(6, "0");
  while (digits.endsWith("0")) digits = digits.slice(0, -1);
  return `.${digits}`;
}

export function printTime(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const minutes = Math.floor(seconds / 60);
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`;
  return clock + printFraction(micros - seconds * 1_000_000);
}

const OFFSET = /([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;

/** Accepts an offset other than +00 too. */
export function parseTimestamptz(text: string): bigint {
  const beforeChrist = text.endsWith(" BC");
  const body = beforeChrist ? text.slice(0, -3) : text;
  if (body.endsWith("+00")) return parseInstant(body.slice(0, -3), beforeChrist);
  if (body === "infinity" || body === "-infinity") return parseInstant(body, false);
  const match = OFFSET.exec(body);
  if (match === null) malformed("timestamp with time zone", text);
  const [all, sign, hours, minutes = "0", seconds = "0"] = match;
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const local = parseInstant(body.slice(0, -all.length), beforeChrist);
  return local - BigInt(sign === "-" ? -offset : offset) * 1_000_000n;
}

export function parseTimestamp(text: string): bigint {
  return text.endsWith(" BC") ? parseInstant(text.slice(0, -3), true) : parseInstant(text, false);
}

function parseInstant(text: string, beforeChrist: boolean): bigint {
  const space = text.indexOf(" ");
  if (space === -1) {
    if (text === "infinity") return TIMESTAMP_INFINITY;
    if (text === "-infinity") return TIMESTAMP_NEGATIVE_INFINITY;
    malformed("timestamp", text);
  }
  const days = parsePlainDate(text.slice(0, space), beforeChrist, "timestamp");
  const micros = parseTime(text.slice(space + 1));
  const total = days * MICROS_PER_DAY + micros;
  if (Number.isSafeInteger(total)) return BigInt(total);
  return BigInt(days) * MICROS_PER_DAY_BIG + BigInt(micros);
}

/** Days and the microseconds within the day of a finite timestamp. */
export function splitTimestamp(micros: bigint): { readonly days: number; readonly time: number } {
  const small = Number(micros);
  if (Number.isSafeInteger(small)) {
    const days = Math.floor(small / MICROS_PER_DAY);
    return { days, time: small - days * MICROS_PER_DAY };
  }
  let days = micros / MICROS_PER_DAY_BIG;
  if (days * MICROS_PER_DAY_BIG > micros) days -= 1n;
  return { days: Number(days), time: Number(micros - days * MICROS_PER_DAY_BIG) };
}

function printInstant(micros: bigint, zone: string): string {
  if (micros === TIMESTAMP_INFINITY) return "infinity";
  if (micros === TIMESTAMP_NEGATIVE_INFINITY) return "-infinity";
  const { days, time } = splitTimestamp(micros);
  const { date, era } = isoDateParts(days);
  return `${date} ${printTime(time)}${zone}${era}`;
}

export function printTimestamp(micros: bigint): string {
  return printInstant(micros, "");
}

/** In UTC. */
export function printTimestamptz(micros: bigint): string {
  return printInstant(micros, "+00");
}
