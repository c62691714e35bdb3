import { comparatorOf } from "@freshet/types";
import type { Decimal, Interval, Value } from "@freshet/types";
import type { Block } from "../plan/block.ts";

export type OutputRow = readonly Value[];
export type RowComparator = (a: OutputRow, b: OutputRow) => number;

/**
 * ORDER BY, then an arbitrary but fixed order of whole rows: rows that still compare equal are
 * the same, so a LIMIT takes the same rows however they were found.
 */
export function outputComparator(block: Block): RowComparator {
  const keys = block.order.map(({ column, descending, nullsFirst }) => ({
    column,
    sign: descending ? -1 : 1,
    nulls: nullsFirst ? -1 : 1,
    compare: comparatorOf(block.output[column]!.expr.type),
  }));
  const { visible } = block;
  return (a, b) => {
    for (const { column, sign, nulls, compare } of keys) {
      const x = a[column]!;
      const y = b[column]!;
      if (x === y) continue;
      if (x === null) return nulls;
      if (y === null) return -nulls;
      const order = compare(x, y);
      if (order !== 0) return order * sign;
    }
    for (let index = 0; index < visible; index += 1) {
      const order = compareForms(a[index]!, b[index]!);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** A total order in which only identical values are equal: 1.0 and 1.00 differ, 0 and -0 too. */
export function compareForms(a: Value, b: Value): number {
  if (a === b && a !== 0) return 0;
  if (a === null) return b === null ? 0 : 1;
  if (b === null) return -1;
  if (typeof a === "object") return compareText(formOf(a), formOf(b as Decimal | Interval));
  if (a === b) return Number(Object.is(a, -0)) - Number(Object.is(b, -0));
  if (a !== a) return b !== b ? 0 : 1;
  if (b !== b) return -1;
  return a < b ? -1 : 1;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function formOf(value: Decimal | Interval): string {
  if ("unscaled" in value) return `${value.special ?? ""}${value.unscaled}e${value.scale}`;
  return `${value.months}/${value.days}/${value.micros}`;
}
