import { compareDecimals, powerOfTen, roundDecimal } from "@freshet/types";
import type { Decimal, SqlType } from "@freshet/types";
import { Poisoned } from "../../contract.ts";
import { scaleOf } from "./number-types.ts";

/**
 * What a division gives has digits beyond its type's scale on some versions of the upstream while
 * others round at once. Here it keeps the digits the former have, its type carries this mark, and
 * whatever uses it must come to the same both ways.
 */
const MARK = "decimal (a quotient)";

/** Branches of different scales: some versions print the branch's own scale, others the result's. */
const MIXED = "decimal (of several scales)";

export function quotientType(type: SqlType): SqlType {
  return { ...type, name: MARK };
}

export function mixedType(type: SqlType): SqlType {
  return { ...type, name: MIXED };
}

export function isQuotient(type: SqlType): boolean {
  return type.name === MARK;
}

export function isMixed(type: SqlType): boolean {
  return type.name === MIXED;
}

/** Digits of one word of the upstream's decimals (decimal.cc). */
const WORD = 9;

function wholeWords(digits: number): number {
  return Math.ceil(digits / WORD) * WORD;
}

/** Digits that a division adds: the default of div_precision_increment. */
export const DIVISION_DIGITS = 4;

/** do_div_mod of decimal.cc: cut, not rounded, at whole words. Null: division by zero. */
export function divide(a: Decimal, b: Decimal): Decimal | null {
  if (b.unscaled === 0n) return null;
  const left = wholeWords(a.scale);
  const right = wholeWords(b.scale);
  const increment = Math.max(0, DIVISION_DIGITS - (left - a.scale) - (right - b.scale));
  const scale = wholeWords(left + right + increment);
  const shift = scale + b.scale - a.scale;
  return shift >= 0
    ? { unscaled: (a.unscaled * powerOfTen(shift)) / b.unscaled, scale }
    : { unscaled: a.unscaled / (b.unscaled * powerOfTen(-shift)), scale };
}

/** What is printed: rounded to the scale, filled with zeros. */
export function atScale(value: Decimal, scale: number): Decimal {
  return value.scale === scale ? value : roundDecimal(value, scale);
}

/** The value if it compares with the other as its rounded form does; else poisons. */
export function settled(value: Decimal, type: SqlType, other: Decimal): Decimal {
  const rounded = atScale(value, scaleOf(type));
  if (Math.sign(compareDecimals(value, other)) !== Math.sign(compareDecimals(rounded, other))) {
    throw new Poisoned("a comparison that depends on how a quotient is rounded");
  }
  return value;
}
