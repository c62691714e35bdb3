import {
  binaryOf,
  compareToBinary,
  digitsOf,
  nearest,
  roundedDigits,
  trimmed,
} from "../float-digits.ts";
import type { Binary, Digits } from "../float-digits.ts";

/**
 * Floats as Postgres 12+ prints them with extra_float_digits >= 1: the shortest digits strictly
 * inside the interval that rounds to the value (src/common/d2s.c, f2s.c, which do not accept
 * the interval's ends, so 1e23 prints 9.999999999999999e+22), in fixed notation for decimal
 * exponents from -4 to 14 (float4: to 5), else with an exponent of at least two digits.
 */

const FLOAT8_FIXED_LIMIT = 15;
const FLOAT4_FIXED_LIMIT = 6;

const view = new DataView(new ArrayBuffer(8));

function special(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

export function printFloat8(value: number): string {
  const magnitude = Math.abs(value);
  // In this range JavaScript's shortest text is the same, digits and notation.
  if (magnitude >= 1e-4 && magnitude < 1e15) return `${value}`;
  if (magnitude === 0) return Object.is(value, -0) ? "-0" : "0";
  if (!Number.isFinite(value)) return special(value);
  return layout(value < 0, shortestFloat8(magnitude), FLOAT8_FIXED_LIMIT);
}

/** `value` must be representable in single precision. */
export function printFloat4(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (!Number.isFinite(value)) return special(value);
  const magnitude = Math.abs(value);
  if (magnitude < 1e6 && Number.isInteger(value)) return `${value}`;
  return layout(value < 0, shortestFloat4(magnitude), FLOAT4_FIXED_LIMIT);
}

/**
 * As C's `%.*g` prints it with so many significant digits, 1 to 17: what Postgres does with
 * extra_float_digits <= 0 (15 + that for float8, 6 + that for float4, at least 1).
 */
export function printFloatDigits(value: number, significant: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (!Number.isFinite(value)) return special(value);
  return layout(value < 0, roundedDigits(Math.abs(value), significant), significant);
}

function layout(negative: boolean, value: Digits, fixedLimit: number): string {
  const { digits } = value;
  const point = digits.length + value.exponent;
  const scientific = point - 1;
  const sign = negative ? "-" : "";
  if (scientific < -4 || scientific >= fixedLimit) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const exponent = `${Math.abs(scientific)}`.padStart(2, "0");
    return `${sign}${digits[0]!}${fraction}e${scientific < 0 ? "-" : "+"}${exponent}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, "0");
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function isInside(value: Digits, binary: Binary): boolean {
  return (
    compareToBinary(value, binary.lower, binary.power - 2) > 0 &&
    compareToBinary(value, binary.upper, binary.power - 2) < 0
  );
}

/** Of a magnitude in the range where JavaScript's choice may differ from Postgres's. */
function shortestFloat8(magnitude: number): Digits {
  const shortest = digitsOf(magnitude.toExponential());
  // Ends of the interval and ties have this few digits only for these exponents.
  if (shortest.exponent < -2 || shortest.exponent > 24) return shortest;
  view.setFloat64(0, magnitude);
  const high = view.getUint32(0);
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(view.getUint32(4));
  const binary = binaryOf(fraction | (1n << 52n), (high >>> 20) - 1075, fraction === 0n);
  for (let precision = shortest.digits.length; precision <= 17; precision += 1) {
    const near = nearest(magnitude, precision, binary);
    const found = neighbours(near, precision).find((value) => isInside(value, binary));
    if (found !== undefined) return found;
  }
  return shortest;
}

/** The value and the decimals of `precision` digits next to it, above first. */
function neighbours(value: Digits, precision: number): readonly Digits[] {
  const padding = precision - value.digits.length;
  const whole = BigInt(value.digits.padEnd(precision, "0"));
  const exponent = value.exponent - padding;
  return [value, trimmed(whole + 1n, exponent), trimmed(whole - 1n, exponent)];
}

function shortestFloat4(magnitude: number): Digits {
  view.setFloat32(0, magnitude);
  const bits = view.getUint32(0);
  const fraction = bits & 0x7fffff;
  const biased = bits >>> 23;
  const isPowerOfTwo = fraction === 0 && biased > 1;
  const mantissa = BigInt(biased === 0 ? fraction : fraction | 0x800000);
  const binary = binaryOf(mantissa, Math.max(biased, 1) - 150, isPowerOfTwo);
  for (let precision = 1; precision < 9; precision += 1) {
    const short = magnitude.toExponential(precision - 1);
    // A decimal that does not even round to the value is outside; most end here.
    if (!isPowerOfTwo && Math.fround(Number(short)) !== magnitude) continue;
    const near = nearest(magnitude, precision, binary);
    const candidates = isPowerOfTwo ? neighbours(near, precision) : [near];
    const found = candidates.find((value) => isInside(value, binary));
    if (found !== undefined) return found;
  }
  return digitsOf(magnitude.toExponential(8));
}
