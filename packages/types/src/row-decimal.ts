import { InvariantError } from "@freshet/util";
import type { ByteScratch } from "./byte-scratch.ts";
import type { Decimal } from "./value.ts";

const TAG_NAN = 0;
const TAG_INFINITY = 1;
const TAG_NEGATIVE_INFINITY = 2;
const TAG_INT32 = 3;
const TAG_INT64 = 4;
const TAG_POSITIVE = 5;
const TAG_NEGATIVE = 6;

const MAX_SCALE = 0xffff;

/** Appends tag (1 byte), display scale (2) and the unscaled value in the least width it fits. */
export function writeDecimal(out: ByteScratch, value: Decimal): void {
  const { unscaled, scale, special } = value;
  if (scale < 0 || scale > MAX_SCALE) throw new InvariantError(`decimal scale ${scale}`);
  if (special !== undefined) {
    out.appendByte(
      special === "NaN" ? TAG_NAN : special === "Infinity" ? TAG_INFINITY : TAG_NEGATIVE_INFINITY,
    );
    out.appendUint16(scale);
  } else if (BigInt.asIntN(32, unscaled) === unscaled) {
    out.appendByte(TAG_INT32);
    out.appendUint16(scale);
    out.appendUint32(Number(unscaled));
  } else if (BigInt.asIntN(64, unscaled) === unscaled) {
    out.appendByte(TAG_INT64);
    out.appendUint16(scale);
    out.reserve(8);
    out.length = out.bytes.writeBigInt64BE(unscaled, out.length);
  } else {
    out.appendByte(unscaled < 0n ? TAG_NEGATIVE : TAG_POSITIVE);
    out.appendUint16(scale);
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString(16);
    out.appendHex(digits.length % 2 === 0 ? digits : `0${digits}`, 0);
  }
}

export function readDecimal(bytes: Buffer, start: number, end: number): Decimal {
  const scale = bytes.readUInt16BE(start + 1);
  const from = start + 3;
  switch (bytes[start]) {
    case TAG_NAN:
      return { unscaled: 0n, scale, special: "NaN" };
    case TAG_INFINITY:
      return { unscaled: 0n, scale, special: "Infinity" };
    case TAG_NEGATIVE_INFINITY:
      return { unscaled: 0n, scale, special: "-Infinity" };
    case TAG_INT32:
      return { unscaled: BigInt(bytes.readInt32BE(from)), scale };
    case TAG_INT64:
      return { unscaled: bytes.readBigInt64BE(from), scale };
    case TAG_POSITIVE:
      return { unscaled: BigInt(`0x${bytes.toString("hex", from, end)}`), scale };
    case TAG_NEGATIVE:
      return { unscaled: -BigInt(`0x${bytes.toString("hex", from, end)}`), scale };
    default:
      throw new InvariantError("a stored decimal has an unknown form");
  }
}
