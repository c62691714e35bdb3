import type { Interval } from "../value.ts";
import { printFraction, two } from "./datetime.ts";

/** Intervals in IntervalStyle postgres: `1 year 2 mons -3 days +04:05:06.789`. */

const INT32_MAX = 2_147_483_647;
const INT32_MIN = -2_147_483_648;
const INT64_MAX = 9_223_372_036_854_775_807n;
const INT64_MIN = -9_223_372_036_854_775_808n;

/** The infinite intervals of Postgres 17: the extremes of every field. */
export const INTERVAL_INFINITY: Interval = {
  months: INT32_MAX,
  days: INT32_MAX,
  micros: INT64_MAX,
};
export const INTERVAL_NEGATIVE_INFINITY: Interval = {
  months: INT32_MIN,
  days: INT32_MIN,
  micros: INT64_MIN,
};

/** "infinity", "-infinity", or null when the interval is finite. */
export function infiniteInterval(value: Interval): "infinity" | "-infinity" | null {
  if (value.months === INT32_MAX && value.days === INT32_MAX && value.micros === INT64_MAX) {
    return "infinity";
  }
  return value.months === INT32_MIN && value.days === INT32_MIN && value.micros === INT64_MIN
    ? "-infinity"
    : null;
}

const SYNTAX =
  /^(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?(?:([+-])?(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;

export function parseInterval(text: string): Interval {
  const match = text === "" ? null : SYNTAX.exec(text);
  if (match === null) {
    if (text === "infinity") return INTERVAL_INFINITY;
    if (text === "-infinity") return INTERVAL_NEGATIVE_INFINITY;
    throw new SyntaxError(`not an interval: ${JSON.stringify(text)}`);
  }
  const [, years = "0", months = "0", days = "0", sign, hours, minutes, seconds, fraction] = match;
  let micros = 0n;
  if (hours !== undefined) {
    micros = (BigInt(hours) * 3600n + BigInt(Number(minutes) * 60 + Number(seconds))) * 1_000_000n;
    if (fraction !== undefined) micros += BigInt(fraction.padEnd(6, "0"));
    if (sign === "-") micros = -micros;
  }
  // Adding zero folds -0.
  return { months: Number(years) * 12 + Number(months) + 0, days: Number(days) + 0, micros };
}

/** Absolute clock fields of an interval's time part. */
export interface IntervalClock {
  readonly negative: boolean;
  readonly hours: bigint;
  readonly minutes: number;
  readonly seconds: number;
  /** Microseconds within the second. */
  readonly fraction: number;
}

export function intervalClock(micros: bigint): IntervalClock {
  const negative = micros < 0n;
  const total = negative ? -micros : micros;
  const hours = total / 3_600_000_000n;
  const rest = Number(total - hours * 3_600_000_000n);
  const seconds = Math.floor(rest / 1_000_000);
  return {
    negative,
    hours,
    minutes: Math.floor(seconds / 60),
    seconds: seconds % 60,
    fraction: rest - seconds * 1_000_000,
  };
}

/** `04:05:06.789` without a sign. */
export function printClock(clock: IntervalClock): string {
  const { hours, minutes, seconds } = clock;
  const shown = hours < 10n ? `0${hours}` : `${hours}`;
  return `${shown}:${two(minutes)}:${two(seconds)}${printFraction(clock.fraction)}`;
}

/** EncodeInterval of datetime.c: a negative field makes the next positive one show its plus. */
export function printInterval(value: Interval): string {
  const infinite = infiniteInterval(value);
  if (infinite !== null) return infinite;
  const parts: string[] = [];
  let afterNegative = false;
  const add = (amount: number, unit: string): void => {
    if (amount === 0) return;
    const plus = afterNegative && amount > 0 ? "+" : "";
    parts.push(`${plus}${amount} ${unit}${amount === 1 ? "" : "s"}`);
    afterNegative = amount < 0;
  };
  add(Math.trunc(value.months / 12), "year");
  add(value.months % 12, "mon");
  add(value.days, "day");
  if (parts.length === 0 || value.micros !== 0n) {
    const clock = intervalClock(value.micros);
    parts.push((clock.negative ? "-" : afterNegative ? "+" : "") + printClock(clock));
  }
  return parts.join(" ");
}
