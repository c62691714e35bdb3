import type { Decimal } from "./value.ts";

/**
 * Exact decimals with the result scales of Postgres `numeric` (src/backend/utils/adt/numeric.c):
 * sums keep the larger scale, products the sum of scales, quotients at least sixteen significant
 * digits counted in base-10000 digits. NaN equals itself and is the greatest value.
 */

/** Largest display scale a stored numeric can have (NUMERIC_DSCALE_MAX). */
const MAX_SCALE = 16383;
/** Bounds of the result scale of a division (NUMERIC_MIN_SIG_DIGITS, NUMERIC_MAX_DISPLAY_SCALE). */
const MIN_SIGNIFICANT_DIGITS = 16;
const MAX_DIVISION_SCALE = 1000;
/** Decimal digits before the point that the format can hold (NUMERIC_WEIGHT_MAX + 1 groups). */
const MAX_INTEGER_DIGITS = 131072;

export const DECIMAL_NAN: Decimal = { unscaled: 0n, scale: 0, special: "NaN" };
export const DECIMAL_INFINITY: Decimal = { unscaled: 0n, scale: 0, special: "Infinity" };
export const DECIMAL_NEGATIVE_INFINITY: Decimal = { unscaled: 0n, scale: 0, special: "-Infinity" };
export const DECIMAL_ZERO: Decimal = { unscaled: 0n, scale: 0 };

/** What the upstream would have answered with an error: division by zero, overflow. */
export class DecimalError extends Error {
  override readonly name = "DecimalError";
  readonly code: "division-by-zero" | "overflow";

  constructor(code: "division-by-zero" | "overflow") {
    super(code === "overflow" ? "value overflows numeric format" : "division by zero");
    this.code = code;
  }
}

const POWERS: bigint[] = [1n];

/** 10^exponent, remembered for the exponents that occur in practice. */
export function powerOfTen(exponent: number): bigint {
  if (exponent >= 64) return 10n ** BigInt(exponent);
  for (let next = POWERS.length; next <= exponent; next += 1) POWERS.push(POWERS[next - 1]! * 10n);
  return POWERS[exponent]!;
}

export function decimalOf(unscaled: bigint, scale = 0): Decimal {
  return { unscaled, scale };
}

const SYNTAX = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;

/**
 * Reads what Postgres prints, and literals with an exponent (`1.5e-3` has scale 4). Returns null
 * when the text is no number.
 */
export function tryParseDecimal(text: string): Decimal | null {
  const match = SYNTAX.exec(text);
  if (match === null) {
    if (text === "NaN") return DECIMAL_NAN;
    if (text === "Infinity") return DECIMAL_INFINITY;
    return text === "-Infinity" ? DECIMAL_NEGATIVE_INFINITY : null;
  }
  const [, sign, whole = "", fraction = "", exponentText] = match;
  if (whole === "" && fraction === "") return null;
  let unscaled = BigInt(whole + fraction);
  let scale = fraction.length;
  if (exponentText !== undefined) {
    scale -= Number(exponentText);
    if (scale > MAX_SCALE || whole.length + fraction.length - scale > MAX_INTEGER_DIGITS)
      return null;
    if (scale < 0) {
      unscaled *= powerOfTen(-scale);
      scale = 0;
    }
  }
  return { unscaled: sign === "-" ? -unscaled : unscaled, scale };
}

/** As `tryParseDecimal`; throws a SyntaxError on malformed text. */
export function parseDecimal(text: string): Decimal {
  const value = tryParseDecimal(text);
  if (value === null) throw new SyntaxError(`not a decimal: ${JSON.stringify(text)}`);
  return value;
}

export function printDecimal(value: Decimal): string {
  if (value.special !== undefined) return value.special;
  const { unscaled, scale } = value;
  if (scale === 0) return unscaled.toString();
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${negative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function specialRank(value: Decimal): number {
  if (value.special === undefined) return 0;
  if (value.special === "NaN") return 2;
  return value.special === "Infinity" ? 1 : -1;
}

/** Order of Postgres: -Infinity, numbers, Infinity, NaN. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.special !== undefined || b.special !== undefined) return specialRank(a) - specialRank(b);
  let left = a.unscaled;
  let right = b.unscaled;
  if (a.scale < b.scale) left *= powerOfTen(b.scale - a.scale);
  else if (b.scale < a.scale) right *= powerOfTen(a.scale - b.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** -1, 0 or 1; NaN has no sign and gives 0. */
export function decimalSign(value: Decimal): -1 | 0 | 1 {
  if (value.special === "Infinity") return 1;
  if (value.special === "-Infinity") return -1;
  return value.unscaled > 0n ? 1 : value.unscaled < 0n ? -1 : 0;
}

function infinity(sign: number): Decimal {
  return sign > 0 ? DECIMAL_INFINITY : DECIMAL_NEGATIVE_INFINITY;
}

/** The largest unscaled value that the format holds without its fraction. */
function checked(unscaled: bigint, scale: number): Decimal {
  // Only absurdly long values are worth measuring: 2^40000 has twelve thousand digits.
  if (unscaled >> 40000n !== 0n && unscaled >> 40000n !== -1n) {
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().length;
    if (digits - scale > MAX_INTEGER_DIGITS) throw new DecimalError("overflow");
  }
  return { unscaled, scale };
}

export function negateDecimal(value: Decimal): Decimal {
  if (value.special === undefined) return { unscaled: -value.unscaled, scale: value.scale };
  return value.special === "NaN" ? DECIMAL_NAN : infinity(-decimalSign(value));
}

export function absDecimal(value: Decimal): Decimal {
  return value.special === "-Infinity" || value.unscaled < 0n ? negateDecimal(value) : value;
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.special !== undefined || b.special !== undefined) {
    if (a.special === "NaN" || b.special === "NaN") return DECIMAL_NAN;
    if (a.special === undefined) return b;
    if (b.special === undefined || a.special === b.special) return a;
    return DECIMAL_NAN;
  }
  if (a.scale === b.scale) return checked(a.unscaled + b.unscaled, a.scale);
  return a.scale < b.scale
    ? checked(a.unscaled * powerOfTen(b.scale - a.scale) + b.unscaled, b.scale)
    : checked(a.unscaled + b.unscaled * powerOfTen(a.scale - b.scale), a.scale);
}

export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, negateDecimal(b));
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.special !== undefined || b.special !== undefined) {
    const sign = decimalSign(a) * decimalSign(b);
    return sign === 0 ? DECIMAL_NAN : infinity(sign);
  }
  const scale = a.scale + b.scale;
  const unscaled = a.unscaled * b.unscaled;
  if (scale <= MAX_SCALE) return checked(unscaled, scale);
  return checked(divideRounded(unscaled, powerOfTen(scale - MAX_SCALE)), MAX_SCALE);
}

/** Quotient rounded half away from zero. */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const remainder = dividend - quotient * divisor;
  const doubled = remainder < 0n ? -remainder * 2n : remainder * 2n;
  if (doubled < (divisor < 0n ? -divisor : divisor)) return quotient;
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

/** Weight (power of 10000) and value of the first non-zero base-10000 digit; zeros for zero. */
function leadingGroup(value: Decimal): { readonly weight: number; readonly digit: number } {
  if (value.unscaled === 0n) return { weight: 0, digit: 0 };
  const digits = (value.unscaled < 0n ? -value.unscaled : value.unscaled).toString();
  const exponent = digits.length - 1 - value.scale;
  const weight = Math.floor(exponent / 4);
  const width = exponent - weight * 4 + 1;
  return { weight, digit: Number(digits.slice(0, width).padEnd(width, "0")) };
}

/** select_div_scale of numeric.c. */
function divisionScale(a: Decimal, b: Decimal): number {
  const first = leadingGroup(a);
  const second = leadingGroup(b);
  const weight = first.weight - second.weight - (first.digit <= second.digit ? 1 : 0);
  const scale = Math.max(MIN_SIGNIFICANT_DIGITS - weight * 4, a.scale, b.scale, 0);
  return Math.min(scale, MAX_DIVISION_SCALE);
}

/** Throws DecimalError on division by zero, as the upstream does. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.special === "NaN" || b.special === "NaN") return DECIMAL_NAN;
  if (b.special !== undefined) return a.special === undefined ? DECIMAL_ZERO : DECIMAL_NAN;
  if (b.unscaled === 0n) throw new DecimalError("division-by-zero");
  if (a.special !== undefined) return infinity(decimalSign(a) * decimalSign(b));
  const scale = divisionScale(a, b);
  // (a / 10^sa) / (b / 10^sb) * 10^scale
  const shift = scale + b.scale - a.scale;
  return shift >= 0
    ? checked(divideRounded(a.unscaled * powerOfTen(shift), b.unscaled), scale)
    : checked(divideRounded(a.unscaled, b.unscaled * powerOfTen(-shift)), scale);
}

/** Remainder with the sign of the dividend; throws DecimalError on division by zero. */
export function moduloDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.special === "NaN" || b.special === "NaN") return DECIMAL_NAN;
  if (b.special === undefined && b.unscaled === 0n) throw new DecimalError("division-by-zero");
  if (a.special !== undefined) return DECIMAL_NAN;
  if (b.special !== undefined) return a;
  const scale = Math.max(a.scale, b.scale);
  const left = a.unscaled * powerOfTen(scale - a.scale);
  return { unscaled: left % (b.unscaled * powerOfTen(scale - b.scale)), scale };
}

/** Half away from zero to `scale` fraction digits; a negative scale rounds before the point. */
export function roundDecimal(value: Decimal, scale = 0): Decimal {
  return rescale(value, scale, divideRounded);
}

export function truncateDecimal(value: Decimal, scale = 0): Decimal {
  return rescale(value, scale, (dividend, divisor) => dividend / divisor);
}

function rescale(
  value: Decimal,
  wanted: number,
  divide: (dividend: bigint, divisor: bigint) => bigint,
): Decimal {
  if (value.special !== undefined) return value;
  const scale = Math.max(-MAX_INTEGER_DIGITS - 1, Math.min(wanted, MAX_SCALE));
  if (scale >= value.scale) {
    return { unscaled: value.unscaled * powerOfTen(scale - value.scale), scale };
  }
  const kept = divide(value.unscaled, powerOfTen(value.scale - scale));
  return scale >= 0 ? { unscaled: kept, scale } : checked(kept * powerOfTen(-scale), 0);
}

export function floorDecimal(value: Decimal): Decimal {
  const cut = truncateDecimal(value);
  return value.unscaled < 0n && compareDecimals(cut, value) !== 0
    ? { unscaled: cut.unscaled - 1n, scale: 0 }
    : cut;
}

export function ceilDecimal(value: Decimal): Decimal {
  const cut = truncateDecimal(value);
  return value.unscaled > 0n && compareDecimals(cut, value) !== 0
    ? { unscaled: cut.unscaled + 1n, scale: 0 }
    : cut;
}

/** The sum of no values is null (SQL), so callers with nothing to add must not call this. */
export function sumDecimals(values: Iterable<Decimal>): Decimal {
  let total = DECIMAL_ZERO;
  for (const value of values) total = addDecimals(total, value);
  return total;
}

/** AVG: the sum (whose scale is the largest of its summands) divided by the count. */
export function averageDecimal(sum: Decimal, count: number | bigint): Decimal {
  return divideDecimals(sum, { unscaled: BigInt(count), scale: 0 });
}

/** The one representative of all equal decimals: no trailing zeros after the point. */
export function normaliseDecimal(value: Decimal): Decimal {
  let { unscaled, scale } = value;
  if (value.special !== undefined || scale === 0) return value;
  if (unscaled === 0n) return DECIMAL_ZERO;
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale -= 1;
  }
  return { unscaled, scale };
}
