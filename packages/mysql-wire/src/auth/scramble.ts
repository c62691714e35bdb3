import { randomBytes, timingSafeEqual } from "node:crypto";
import { SCRAMBLE_BYTES } from "../handshake/greeting.ts";

const DOLLAR = 0x24;

/**
 * 20 random bytes of 7 bits, without the zero that ends the scramble on the wire and without
 * `$`, which separates the fields of a stored caching_sha2_password hash.
 */
export function createScramble(): Buffer {
  const scramble = Buffer.alloc(SCRAMBLE_BYTES);
  let filled = 0;
  while (filled < SCRAMBLE_BYTES) {
    for (const byte of randomBytes(SCRAMBLE_BYTES)) {
      const value = byte & 0x7f;
      if (value === 0 || value === DOLLAR || filled === SCRAMBLE_BYTES) continue;
      scramble[filled] = value;
      filled += 1;
    }
  }
  return scramble;
}

/** `b` is repeated when it is shorter. */
export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  const out = Buffer.alloc(a.length);
  for (let at = 0; at < a.length; at += 1) out[at] = a[at]! ^ b[at % b.length]!;
  return out;
}

/** In constant time for one length. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
