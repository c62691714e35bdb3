import { Unsupported } from "@freshet/sql";
import type { Value } from "@freshet/types";
import { Poisoned } from "../../contract.ts";

const SECOND = 1_000_000n;
const DAY = 86_400n * SECOND;
/** Milliseconds of 2000-01-01, where the upstream's clock starts. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const UNITS: Record<string, bigint> = {
  second: SECOND,
  minute: 60n * SECOND,
  hour: 3600n * SECOND,
  day: DAY,
};
const INFINITIES = [9223372036854775807n, -9223372036854775808n];

/** date_trunc on a timestamp without time zone, for units that no setting touches. */
export function dateTruncate(word: string): {
  readonly unit: string;
  evaluate(value: NonNullable<Value>): Value;
} {
  const unit = word.toLowerCase().replace(/s$/, "");
  const size = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  const truncate = size === undefined ? calendar(unit) : (value: bigint) => floorTo(value, size);
  return {
    unit,
    evaluate: (value) => (INFINITIES.includes(value as bigint) ? value : truncate(value as bigint)),
  };
}

function floorTo(value: bigint, size: bigint): bigint {
  const rest = value % size;
  return value - (rest < 0n ? rest + size : rest);
}

function calendar(unit: string): (value: bigint) => bigint {
  if (unit === "week") {
    // 2000-01-03 was a Monday.
    return (value) => floorTo(value - 2n * DAY, 7n * DAY) + 2n * DAY;
  }
  const months = unit === "month" ? 1 : unit === "quarter" ? 3 : unit === "year" ? 12 : 0;
  if (months === 0) throw new Unsupported(`date_trunc('${unit}')`);
  return (value) => {
    const days = floorTo(value, DAY) / DAY;
    const date = new Date(EPOCH_MS + Number(days) * 86_400_000);
    if (Number.isNaN(date.getTime())) throw new Poisoned("timestamp beyond the calendar");
    const month = date.getUTCMonth() - (date.getUTCMonth() % months);
    const start = new Date(0);
    start.setUTCFullYear(date.getUTCFullYear(), month, 1);
    return BigInt(start.getTime() - EPOCH_MS) * 1000n;
  };
}
