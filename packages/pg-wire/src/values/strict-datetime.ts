import { civilFromDays, daysFromCivil } from "@freshet/types";

/**
 * The ISO forms that mean the same under every DateStyle. Null for everything else, valid or not.
 */

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/;
const TIMESTAMP =
  /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?: ?(Z|[+-]\d\d(?::?[0-5]\d)?))?)?$/;
const MICROS_PER_DAY = 86_400_000_000n;

/** Days since 2000-01-01 of years 1 to 9999. */
export function parseIsoDate(text: string): number | null {
  const match = DATE.exec(text);
  if (match === null) return null;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (year < 1 || month < 1 || month > 12 || day < 1) return null;
  const days = daysFromCivil(year, month, day);
  const back = civilFromDays(days);
  return back.month === month && back.day === day ? days : null;
}

/** Microseconds since midnight. */
export function parseIsoTime(text: string): number | null {
  const match = TIME.exec(text);
  if (match === null) return null;
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
  const fraction = match[4];
  return seconds * 1_000_000 + (fraction === undefined ? 0 : Number(fraction.padEnd(6, "0")));
}

export interface IsoTimestamp {
  /** Microseconds since 2000-01-01 of the clock as written. */
  readonly local: bigint;
  /** Seconds east of UTC, or null when none is written. */
  readonly offset: number | null;
}

const MAX_OFFSET_HOURS = 15;

/** `YYYY-MM-DD`, with a time after a space or T, with an offset after that. */
export function parseIsoTimestamp(text: string): IsoTimestamp | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [, date = "", time, zone] = match;
  const days = parseIsoDate(date);
  const micros = time === undefined ? 0 : parseIsoTime(time);
  if (days === null || micros === null) return null;
  const local = BigInt(days) * MICROS_PER_DAY + BigInt(micros);
  if (zone === undefined) return { local, offset: null };
  if (zone === "Z") return { local, offset: 0 };
  const hours = Number(zone.slice(1, 3));
  if (hours > MAX_OFFSET_HOURS) return null;
  const seconds = hours * 3600 + Number(zone.slice(3).replace(":", "")) * 60;
  return { local, offset: zone.startsWith("-") ? -seconds : seconds };
}
