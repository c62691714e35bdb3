import type { Decimal } from "@freshet/types";

/** Bytes that hold 0 to 9 decimal digits. */
const BYTES_OF_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];
const GROUP = 9;
const GROUP_BYTES = 4;
const POWERS = Array.from({ length: 10 }, (_, digits) => 10 ** digits);

export function packedDecimalBytes(precision: number, scale: number): number {
  return partBytes(precision - scale) + partBytes(scale);
}

function partBytes(digits: number): number {
  const left = BYTES_OF_DIGITS[digits % GROUP] as number;
  return Math.floor(digits / GROUP) * GROUP_BYTES + left;
}

/**
 * MySQL's packed decimal (`decimal2bin`): groups of nine digits in four bytes, counted from the
 * point; the first bit is set unless negative, and a negative number has all bits inverted.
 */
export function readPackedDecimal(
  bytes: Buffer,
  at: number,
  precision: number,
  scale: number,
): Decimal {
  const negative = ((bytes[at] as number) & 0x80) === 0;
  const invert = negative ? 0xff : 0;
  let first = 0x80;
  let low = 0;
  let total = 0n;
  // Up to 15 digits a number is exact, and much faster than a bigint.
  const small = precision <= 15;
  const group = (digits: number): void => {
    const count = BYTES_OF_DIGITS[digits] as number;
    let value = 0;
    for (let index = 0; index < count; index += 1) {
      value = value * 256 + ((bytes[at] as number) ^ invert ^ first);
      first = 0;
      at += 1;
    }
    if (small) low = low * (POWERS[digits] as number) + value;
    else total = total * BigInt(POWERS[digits] as number) + BigInt(value);
  };
  const whole = precision - scale;
  if (whole % GROUP > 0) group(whole % GROUP);
  for (let left = Math.floor(whole / GROUP); left > 0; left -= 1) group(GROUP);
  for (let left = Math.floor(scale / GROUP); left > 0; left -= 1) group(GROUP);
  if (scale % GROUP > 0) group(scale % GROUP);
  const unscaled = small ? BigInt(low) : total;
  return { unscaled: negative ? -unscaled : unscaled, scale };
}
