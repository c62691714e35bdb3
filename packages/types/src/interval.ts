import type { Interval } from "./value.ts";

const MICROS_PER_DAY = 86_400_000_000n;

/**
 * What Postgres compares intervals by: months count as 30 days, days as 24 hours. The infinite
 * intervals of Postgres 17 hold the extremes of all fields, so they come last and first.
 */
export function intervalTotal(value: Interval): bigint {
  return (BigInt(value.months) * 30n + BigInt(value.days)) * MICROS_PER_DAY + value.micros;
}
