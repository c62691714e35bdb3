import { powerOfTen } from "../decimal.ts";
import { digitsOf, exactParts, roundedDigits } from "../float-digits.ts";
import type { Digits } from "../float-digits.ts";

/**
 * Floats as MySQL and MariaDB print them (strings/dtoa.c, `my_gcvt`, `my_fcvt`). DOUBLE: the
 * shortest digits that round to the value. FLOAT: those of at most six digits that are nearest,
 * so what is printed is in general not the value. Fixed notation for decimal exponents from -15
 * to 14, else an exponent without padding and plus sign.
 */

const FLOAT_DIGITS = 6;
const FIXED_FROM = -14;
const FIXED_TO = 15;

export function printMysqlDouble(value: number): string {
  const magnitude = Math.abs(value);
  // In this range JavaScript's text is the same, digits and notation.
  if (magnitude >= 1e-6 && magnitude < 1e15) return `${value}`;
  return magnitude === 0 ? zero(value) : layout(value < 0, digitsOf(magnitude.toExponential()));
}

/** `value` is a single, exactly. */
export function printMysqlFloat(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude < 1e6 && Number.isInteger(value)) return magnitude === 0 ? zero(value) : `${value}`;
  return layout(value < 0, roundedDigits(magnitude, FLOAT_DIGITS));
}

/**
 * With so many digits after the point, as FLOAT(M,D) and DOUBLE(M,D) are: the shortest digits that
 * round to the value when they are no more, else the nearest decimal; halves go to even.
 */
export function printMysqlFixed(value: number, scale: number): string {
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const digits = scaledDigits(magnitude, scale).padStart(scale + 1, "0");
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** magnitude x 10^scale as a whole number. */
function scaledDigits(magnitude: number, scale: number): string {
  if (magnitude === 0) return "0";
  const shortest = digitsOf(magnitude.toExponential());
  const zeros = shortest.exponent + scale;
  if (zeros >= 0) return shortest.digits + "0".repeat(zeros);
  const { mantissa, power } = exactParts(magnitude);
  const product = mantissa * powerOfTen(scale);
  // Digits behind the point: the power is negative.
  const bits = BigInt(-power);
  const half = 1n << (bits - 1n);
  const rest = product & ((1n << bits) - 1n);
  const whole = product >> bits;
  const up = rest > half || (rest === half && (whole & 1n) === 1n);
  return (up ? whole + 1n : whole).toString();
}

function zero(value: number): string {
  return Object.is(value, -0) ? "-0" : "0";
}

function layout(negative: boolean, { digits, exponent }: Digits): string {
  const sign = negative ? "-" : "";
  const point = digits.length + exponent;
  // A large number with a fraction stays as it is.
  if (point < FIXED_FROM || (point > FIXED_TO && point >= digits.length)) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]!}${fraction}e${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, "0");
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
