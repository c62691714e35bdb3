import { powerOfTen } from "@freshet/types";
import type { Decimal } from "@freshet/types";
import type { ByteBuilder } from "./byte-builder.ts";

/** numeric_send and numeric_recv: base-10000 digits after a header of four int16. */

const NEGATIVE = 0x4000;
const SPECIAL_SIGNS = { NaN: 0xc000, Infinity: 0xd000, "-Infinity": 0xf000 } as const;

/** From canonical text, e.g. `-123.4500`. */
export function encodeNumeric(text: string, out: ByteBuilder): void {
  const special = SPECIAL_SIGNS[text as keyof typeof SPECIAL_SIGNS] as number | undefined;
  if (special !== undefined) {
    out.uint16(0);
    out.uint16(0);
    out.uint16(special);
    // The infinities and NaN are sent with display scale 0.
    out.uint16(0);
    return;
  }
  const negative = text.charCodeAt(0) === 0x2d;
  const body = negative ? text.slice(1) : text;
  const point = body.indexOf(".");
  const whole = point === -1 ? body : body.slice(0, point);
  const fraction = point === -1 ? "" : body.slice(point + 1);
  const wholeGroups = Math.ceil(whole.length / 4);
  const padded =
    whole.padStart(wholeGroups * 4, "0") + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, "0");
  let first = 0;
  let last = padded.length / 4;
  const group = (index: number): number => Number(padded.slice(index * 4, index * 4 + 4));
  while (last > 0 && group(last - 1) === 0) last -= 1;
  while (first < last && group(first) === 0) first += 1;
  const isZero = first === last;
  out.uint16(last - first);
  out.uint16(isZero ? 0 : wholeGroups - 1 - first);
  out.uint16(negative && !isZero ? NEGATIVE : 0);
  out.uint16(fraction.length);
  for (let index = first; index < last; index += 1) out.uint16(group(index));
}

/** Null when the bytes are not one valid numeric. */
export function decodeNumeric(bytes: Buffer, start: number, end: number): Decimal | null {
  if (end - start < 8) return null;
  const count = bytes.readUInt16BE(start);
  const weight = bytes.readInt16BE(start + 2);
  const sign = bytes.readUInt16BE(start + 4);
  const scale = bytes.readUInt16BE(start + 6);
  if (end - start !== 8 + count * 2 || scale > 16383) return null;
  if (sign === SPECIAL_SIGNS.NaN) return { unscaled: 0n, scale: 0, special: "NaN" };
  // Infinities need a new server; let it decide.
  if (sign !== 0 && sign !== NEGATIVE) return null;
  let unscaled = 0n;
  for (let index = 0; index < count; index += 1) {
    const digit = bytes.readUInt16BE(start + 8 + index * 2);
    if (digit > 9999) return null;
    unscaled = unscaled * 10000n + BigInt(digit);
  }
  const exponent = (weight - count + 1) * 4;
  const shift = exponent + scale;
  if (shift >= 0) unscaled *= powerOfTen(shift);
  else {
    // Digits beyond the display scale are cut by the server.
    unscaled /= powerOfTen(-shift);
  }
  return { unscaled: sign === NEGATIVE ? -unscaled : unscaled, scale };
}
