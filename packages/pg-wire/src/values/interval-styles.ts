import { infiniteInterval, intervalClock, printClock, printFraction } from "@freshet/types";
import type { Interval } from "@freshet/types";

/** IntervalStyles other than postgres: EncodeInterval of Postgres's datetime.c. */
export function printStyledInterval(
  value: Interval,
  style: "sql_standard" | "iso_8601" | "postgres_verbose",
): string {
  const infinite = infiniteInterval(value);
  if (infinite !== null) return infinite;
  switch (style) {
    case "sql_standard":
      return sqlStandard(value);
    case "iso_8601":
      return iso8601(value);
    case "postgres_verbose":
      return verbose(value);
  }
}

function sqlStandard(value: Interval): string {
  const { months, days, micros } = value;
  const hasNegative = months < 0 || days < 0 || micros < 0n;
  const hasPositive = months > 0 || days > 0 || micros > 0n;
  if (!hasNegative && !hasPositive) return "0";
  const hasDayTime = days !== 0 || micros !== 0n;
  const clock = intervalClock(micros);
  const year = Math.abs(Math.trunc(months / 12));
  const month = Math.abs(months % 12);
  const time = printClock(clock);
  if ((hasNegative && hasPositive) || (months !== 0 && hasDayTime)) {
    const sign = (negative: boolean): string => (negative ? "-" : "+");
    const date = `${sign(months < 0)}${year}-${month} ${sign(days < 0)}${Math.abs(days)}`;
    return `${date} ${sign(clock.negative)}${unpadded(time)}`;
  }
  const sign = hasNegative ? "-" : "";
  if (months !== 0) return `${sign}${year}-${month}`;
  if (days !== 0) return `${sign}${Math.abs(days)} ${unpadded(time)}`;
  return sign + unpadded(time);
}

/** This style writes hours without a leading zero. */
function unpadded(clock: string): string {
  return clock.startsWith("0") ? clock.slice(1) : clock;
}

function iso8601(value: Interval): string {
  const { months, days, micros } = value;
  if (months === 0 && days === 0 && micros === 0n) return "PT0S";
  const part = (amount: number | bigint, unit: string): string =>
    amount === 0 || amount === 0n ? "" : `${amount}${unit}`;
  let text = `P${part(Math.trunc(months / 12), "Y")}${part(months % 12, "M")}${part(days, "D")}`;
  if (micros === 0n) return text;
  const clock = intervalClock(micros);
  const sign = clock.negative ? -1 : 1;
  text += `T${part(clock.negative ? -clock.hours : clock.hours, "H")}`;
  text += part(clock.minutes * sign, "M");
  if (clock.seconds !== 0 || clock.fraction !== 0) {
    text += `${clock.negative ? "-" : ""}${clock.seconds}${printFraction(clock.fraction)}S`;
  }
  return text;
}

function verbose(value: Interval): string {
  let text = "@";
  let isFirst = true;
  let isAgo = false;
  const add = (amount: bigint, unit: string): void => {
    if (amount === 0n) return;
    let shown = amount;
    if (isFirst) {
      isAgo = amount < 0n;
      shown = isAgo ? -amount : amount;
    } else if (isAgo) shown = -amount;
    text += ` ${shown} ${unit}${shown === 1n ? "" : "s"}`;
    isFirst = false;
  };
  const clock = intervalClock(value.micros);
  add(BigInt(Math.trunc(value.months / 12)), "year");
  add(BigInt(value.months % 12), "mon");
  add(BigInt(value.days), "day");
  add(clock.negative ? -clock.hours : clock.hours, "hour");
  add(BigInt(clock.negative ? -clock.minutes : clock.minutes), "min");
  if (clock.seconds !== 0 || clock.fraction !== 0) {
    text += " ";
    if (clock.negative) {
      if (isFirst) isAgo = true;
      else if (!isAgo) text += "-";
    } else if (isAgo) text += "-";
    const plural = clock.seconds !== 1 || clock.fraction !== 0 ? "s" : "";
    text += `${clock.seconds}${printFraction(clock.fraction)} sec${plural}`;
    isFirst = false;
  }
  if (isFirst) text += " 0";
  return isAgo ? `${text} ago` : text;
}
