import type { ByteScratch } from "./byte-scratch.ts";
import type { Decimal } from "./value.ts";

const CLASS_NEGATIVE_INFINITY = 1;
const CLASS_NEGATIVE = 2;
const CLASS_ZERO = 3;
const CLASS_POSITIVE = 4;
const CLASS_INFINITY = 5;
const CLASS_NAN = 6;
const EXPONENT_BIAS = 0x80000000;

/**
 * class | exponent (u32, biased) | pairs of digits, each plus one | 0
 *
 * for 0.d1d2d3… × 10^exponent with neither leading nor trailing zeros; below zero all bytes after
 * the class are complemented. Order as in Postgres: -Infinity, numbers, Infinity, NaN.
 */
export function appendDecimalKey(out: ByteScratch, value: Decimal): void {
  if (value.special !== undefined) {
    out.appendByte(
      value.special === "NaN"
        ? CLASS_NAN
        : value.special === "Infinity"
          ? CLASS_INFINITY
          : CLASS_NEGATIVE_INFINITY,
    );
    return;
  }
  const { unscaled, scale } = value;
  if (unscaled === 0n) {
    out.appendByte(CLASS_ZERO);
    return;
  }
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString();
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  const flip = negative ? 0xff : 0;
  out.appendByte(negative ? CLASS_NEGATIVE : CLASS_POSITIVE);
  const exponent = (digits.length - scale + EXPONENT_BIAS) >>> 0;
  out.appendUint32(negative ? ~exponent : exponent);
  out.reserve((end >> 1) + 2);
  for (let at = 0; at < end; at += 2) {
    const tens = digits.charCodeAt(at) - 0x30;
    const ones = at + 1 < end ? digits.charCodeAt(at + 1) - 0x30 : 0;
    out.bytes[out.length++] = (tens * 10 + ones + 1) ^ flip;
  }
  out.bytes[out.length++] = flip;
}
