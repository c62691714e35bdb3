/** Exact decimal digits of binary floating-point numbers. */

const view = new DataView(new ArrayBuffer(8));

/** digits x 10^exponent, digits without leading or trailing zeros. */
export interface Digits {
  readonly digits: string;
  readonly exponent: number;
}

/** Parses `d.ddde±x`. */
export function digitsOf(text: string): Digits {
  const mark = text.indexOf("e");
  const digits = (text.slice(0, 1) + text.slice(2, mark)).replace(/0+$/, "");
  return { digits, exponent: Number(text.slice(mark + 1)) - digits.length + 1 };
}

/** mantissa x 2^power and the ends of its rounding interval in quarter units of the last place. */
export interface Binary {
  readonly mantissa: bigint;
  readonly power: number;
  readonly lower: bigint;
  readonly upper: bigint;
}

/** A power of two has its lower neighbour at half the distance. */
export function binaryOf(mantissa: bigint, power: number, isPowerOfTwo: boolean): Binary {
  const quarters = 4n * mantissa;
  return { mantissa, power, lower: quarters - (isPowerOfTwo ? 1n : 2n), upper: quarters + 2n };
}

/** The nearest decimal of so many digits; of two equally near ones the even one. */
export function nearest(magnitude: number, precision: number, binary: Binary): Digits {
  const rounded = digitsOf(magnitude.toExponential(precision - 1));
  const longer = digitsOf(magnitude.toExponential(precision));
  const isTie =
    longer.digits.length === precision + 1 &&
    longer.digits.endsWith("5") &&
    compareToBinary(longer, binary.mantissa, binary.power) === 0;
  if (!isTie) return rounded;
  const below = BigInt(longer.digits.slice(0, -1));
  return trimmed(below % 2n === 0n ? below : below + 1n, longer.exponent + 1);
}

export function trimmed(whole: bigint, exponent: number): Digits {
  const text = whole.toString();
  const digits = text.replace(/0+$/, "");
  return { digits, exponent: exponent + text.length - digits.length };
}

/** Sign of digits x 10^exponent - mantissa x 2^power, exactly. */
export function compareToBinary(value: Digits, mantissa: bigint, power: number): number {
  let left = BigInt(value.digits);
  let right = mantissa;
  if (value.exponent >= 0) left *= 10n ** BigInt(value.exponent);
  else right *= 10n ** BigInt(-value.exponent);
  if (power >= 0) right <<= BigInt(power);
  else left <<= BigInt(-power);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The nearest decimal of so many significant digits to a positive finite number. */
export function roundedDigits(magnitude: number, significant: number): Digits {
  const { mantissa, power } = exactParts(magnitude);
  return nearest(magnitude, significant, binaryOf(mantissa, power, false));
}

/** A positive finite number is mantissa x 2^power exactly. */
export function exactParts(magnitude: number): {
  readonly mantissa: bigint;
  readonly power: number;
} {
  view.setFloat64(0, magnitude);
  const high = view.getUint32(0);
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(view.getUint32(4));
  const biased = high >>> 20;
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa, power: Math.max(biased, 1) - 1075 };
}
