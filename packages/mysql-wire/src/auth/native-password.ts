import { createHash } from "node:crypto";
import { equalBytes, xor } from "./scramble.ts";

/** mysql_native_password. Passwords are Unicode strings and are sent as UTF-8. */
export const NATIVE_PASSWORD = "mysql_native_password";

const HASH_BYTES = 20;

function sha1(...parts: readonly (Uint8Array | string)[]): Buffer {
  const hash = createHash("sha1");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** What a server stores: SHA1(SHA1(password)). */
export function nativeHash(password: string): Buffer {
  return sha1(sha1(password));
}

/** The client's answer; empty for an empty password. `scramble` has 20 bytes. */
export function nativeResponse(password: string, scramble: Uint8Array): Buffer {
  if (password === "") return Buffer.alloc(0);
  const stage1 = sha1(password);
  return xor(stage1, sha1(scramble, sha1(stage1)));
}

/** `hash` as of `nativeHash`, or null for an account without a password. */
export function verifyNative(
  response: Uint8Array,
  scramble: Uint8Array,
  hash: Uint8Array | null,
): boolean {
  return nativeStage1(response, scramble, hash) !== null;
}

/**
 * SHA1(password) out of a correct answer: enough to answer another server's scramble. Null when
 * the answer is wrong; empty for an account without a password.
 */
export function nativeStage1(
  response: Uint8Array,
  scramble: Uint8Array,
  hash: Uint8Array | null,
): Buffer | null {
  if (hash === null) return response.length === 0 ? Buffer.alloc(0) : null;
  if (response.length !== HASH_BYTES) return null;
  const stage1 = xor(response, sha1(scramble, hash));
  return equalBytes(sha1(stage1), hash) ? stage1 : null;
}
