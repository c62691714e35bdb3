import { TIMESTAMP_NEGATIVE_INFINITY } from "@freshet/types";
import type { Value } from "@freshet/types";
import { Poisoned } from "../../contract.ts";
import { GROUP_SOURCE } from "../../plan/expression.ts";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";

/** Months and days of a packed datetime: month modulo 13, and the day. */
function isPartial(value: number | bigint): boolean {
  if (typeof value === "number") return value !== 0 && ((value & 480) === 0 || (value & 31) === 0);
  const days = Number(value >> 41n);
  return value !== 0n && ((days >> 5) % 13 === 0 || (days & 31) === 0);
}

const ZERO_TIMESTAMP = TIMESTAMP_NEGATIVE_INFINITY;

const NOT_ZERO: ScalarFunction = {
  name: "no zero date",
  identity: true,
  widens: true,
  evaluate: (value): Value => {
    if (value === 0 || value === 0n || value === ZERO_TIMESTAMP) {
      throw new Poisoned("a zero date, of which the upstream may warn");
    }
    return value;
  },
};

const WHOLE_DATE: ScalarFunction = {
  name: "whole date",
  identity: true,
  widens: true,
  evaluate: (value): Value => {
    if (isPartial(value as number | bigint)) throw new Poisoned("a date like 2020-00-00");
    return value;
  },
};

/**
 * A date that a temporary table may hold: with NO_ZERO_IN_DATE a partial one becomes the zero
 * date in it, and whether there is such a table is the plan's to decide.
 */
export function storedDate(expr: Expr): Expr {
  const { kind } = expr.type;
  if (kind !== "civildate" && kind !== "civildatetime") return expr;
  if (expr.kind === "column" && expr.source === GROUP_SOURCE) return expr;
  return { kind: "call", fn: WHOLE_DATE, args: [expr], type: expr.type };
}

/**
 * A date that a temporary table holds, as a rule: with NO_ZERO_DATE each zero date in it is worth
 * a warning.
 */
export function groupedDate(expr: Expr): Expr {
  const { kind } = expr.type;
  if (kind !== "civildate" && kind !== "civildatetime" && kind !== "timestamptz") return expr;
  if (expr.kind === "column" && expr.source === GROUP_SOURCE) return expr;
  return { kind: "call", fn: NOT_ZERO, args: [storedDate(expr)], type: expr.type };
}
