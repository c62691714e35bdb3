import { Unsupported } from "@freshet/sql";
import { decimalOf, parseDecimal, printDecimal } from "@freshet/types";
import type { Decimal, SqlType, Value } from "@freshet/types";
import { Poisoned } from "../../contract.ts";
import type { ScalarFunction } from "../../plan/expression.ts";
import { BIGINT, decimalType, DOUBLE, MYSQL_TYPE, UNSIGNED_BIGINT } from "./types.data.ts";

type Known = NonNullable<Value>;

/** DECIMAL_MAX_PRECISION and DECIMAL_MAX_SCALE. */
const MAX_PRECISION = 65;
const MAX_SCALE = 30;

export function isInteger(type: SqlType): boolean {
  return type.kind === "int" || type.kind === "bigint";
}

export function isFloat(type: SqlType): boolean {
  return type.kind === "float4" || type.kind === "float8";
}

export function isNumber(type: SqlType): boolean {
  return isInteger(type) || isFloat(type) || type.kind === "decimal";
}

const INTEGER_DIGITS: Readonly<Record<number, number>> = {
  [MYSQL_TYPE.tiny]: 3,
  [MYSQL_TYPE.short]: 5,
  [MYSQL_TYPE.int24]: 8,
  [MYSQL_TYPE.long]: 10,
  [MYSQL_TYPE.year]: 4,
};

/** Digits a number of this exact type may have, at most. */
export function precisionOf(type: SqlType): number {
  if (type.kind === "decimal") return type.modifier >> 8;
  return INTEGER_DIGITS[type.upstreamId] ?? 20;
}

/** Digits after the point. */
export function scaleOf(type: SqlType): number {
  return type.kind === "decimal" ? type.modifier & 0xff : 0;
}

/** The type of an exact result; what the upstream would cut to its limits is refused. */
export function exactType(integerDigits: number, scale: number): SqlType {
  if (scale > MAX_SCALE) throw new Unsupported(`a DECIMAL with ${scale} digits after the point`);
  // A longer value would be an error or cut: `checkDigits` sees to those.
  return decimalType(Math.min(integerDigits + scale, MAX_PRECISION), scale);
}

const LONGEST = 10n ** BigInt(MAX_PRECISION);

/** Poisons what has more digits than the upstream's decimals can hold. */
export function checkDigits(value: Decimal): Decimal {
  const { unscaled } = value;
  if (unscaled >= LONGEST || -unscaled >= LONGEST) throw new Poisoned("DECIMAL out of range");
  return value;
}

const LIMITS: Readonly<Record<number, number>> = {
  [MYSQL_TYPE.tiny]: 8,
  [MYSQL_TYPE.short]: 16,
  [MYSQL_TYPE.int24]: 24,
  [MYSQL_TYPE.long]: 32,
};

/** Whether an integer is in the range of an integer type. */
export function inRange(type: SqlType, value: bigint): boolean {
  const bits = LIMITS[type.upstreamId] ?? 64;
  return type.unsigned === true
    ? BigInt.asUintN(bits, value) === value
    : BigInt.asIntN(bits, value) === value;
}

/** The type of the sum of two integers, and of what else combines them. */
export function widerInteger(a: SqlType, b: SqlType): SqlType {
  return a.unsigned === true || b.unsigned === true ? UNSIGNED_BIGINT : BIGINT;
}

export function toDecimal(value: Known): Decimal {
  if (typeof value === "number") return decimalOf(BigInt(value));
  if (typeof value === "bigint") return decimalOf(value);
  return value as Decimal;
}

/** As the upstream converts: through the decimal text, correctly rounded. */
export function toDouble(value: Known): number {
  if (typeof value === "object") return Number(printDecimal(value as Decimal));
  return Number(value);
}

export const TO_BIGINT: ScalarFunction = {
  name: "int->bigint",
  widens: true,
  evaluate: (v) => BigInt(v as number),
};

export const TO_DECIMAL: ScalarFunction = {
  name: "integer->decimal",
  widens: true,
  evaluate: toDecimal,
};

export const TO_DOUBLE: ScalarFunction = { name: "number->double", evaluate: toDouble };

/** How a number becomes one of a wider type; null: it already is; undefined: it does not. */
export function numberCast(from: SqlType, to: SqlType): ScalarFunction | null | undefined {
  if (to.kind === "float8") {
    if (from.kind === "float8") return null;
    // A float is kept in single precision, which a double holds exactly.
    return from.kind === "float4" ? WIDEN_FLOAT : TO_DOUBLE;
  }
  if (to.kind === "decimal") {
    if (from.kind === "decimal") return null;
    return isInteger(from) ? TO_DECIMAL : undefined;
  }
  if (to.kind === "bigint") {
    if (from.kind === "bigint") return null;
    return from.kind === "int" ? TO_BIGINT : undefined;
  }
  return to.kind === from.kind ? null : undefined;
}

const WIDEN_FLOAT: ScalarFunction = { name: "float->double", widens: true, evaluate: (v) => v };

/** Type and value of a number in the text, as the upstream's lexer gives them. */
export function numberLiteral(text: string): { readonly value: Value; readonly type: SqlType } {
  if (/^[+-]?\d+$/.test(text)) {
    const value = BigInt(text);
    if (inRange(BIGINT, value)) return { value, type: BIGINT };
    if (inRange(UNSIGNED_BIGINT, value)) return { value, type: UNSIGNED_BIGINT };
    const digits = text.replace(/^[+-]?0*/, "").length;
    if (digits > MAX_PRECISION) throw new Unsupported(`the number ${text}`);
    return { value: decimalOf(value), type: decimalType(digits, 0) };
  }
  if (/e/i.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Unsupported(`the number ${text}`);
    return { value, type: DOUBLE };
  }
  const value = parseDecimal(text);
  const digits = text.replace(/[-+.]/g, "").replace(/^0+/, "").length;
  const precision = Math.max(digits, value.scale, 1);
  if (precision > MAX_PRECISION || value.scale > MAX_SCALE) {
    throw new Unsupported(`the number ${text}`);
  }
  return { value, type: decimalType(precision, value.scale) };
}
