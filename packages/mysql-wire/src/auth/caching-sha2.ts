import { constants, createHash, privateDecrypt, publicEncrypt } from "node:crypto";
import type { KeyLike } from "node:crypto";
import { equalBytes, xor } from "./scramble.ts";

/**
 * caching_sha2_password (MySQL internals, "Caching SHA-2 Pluggable Authentication"). Passwords
 * are Unicode strings and are sent as UTF-8.
 */
export const CACHING_SHA2_PASSWORD = "caching_sha2_password";

const HASH_BYTES = 32;

function sha256(...parts: readonly (Uint8Array | string)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** What a server's cache keeps: SHA256(SHA256(password)). */
export function cachingSha2Hash(password: string): Buffer {
  return sha256(sha256(password));
}

/** The client's fast answer; empty for an empty password. `scramble` has 20 bytes. */
export function cachingSha2Response(password: string, scramble: Uint8Array): Buffer {
  if (password === "") return Buffer.alloc(0);
  const stage1 = sha256(password);
  return xor(stage1, sha256(sha256(stage1), scramble));
}

/** `hash` as of `cachingSha2Hash`, or null for an account without a password. */
export function verifyCachingSha2(
  response: Uint8Array,
  scramble: Uint8Array,
  hash: Uint8Array | null,
): boolean {
  if (hash === null) return response.length === 0;
  if (response.length !== HASH_BYTES) return false;
  const stage1 = xor(response, sha256(hash, scramble));
  return equalBytes(sha256(stage1), hash);
}

function oaep(key: KeyLike): { key: KeyLike; padding: number; oaepHash: string } {
  return { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" };
}

/** The full answer without TLS; also of sha256_password. `publicKey` is PEM as the server sent. */
export function encryptPassword(
  password: string,
  scramble: Uint8Array,
  publicKey: KeyLike,
): Buffer {
  return publicEncrypt(oaep(publicKey), xor(clearPassword(password), scramble));
}

/** The password in such an answer; null when it cannot be read. */
export function decryptPassword(
  bytes: Uint8Array,
  scramble: Uint8Array,
  privateKey: KeyLike,
): string | null {
  try {
    const clear = xor(privateDecrypt(oaep(privateKey), bytes), scramble);
    return parseClearPassword(clear, 0, clear.length);
  } catch {
    return null;
  }
}

/** The full answer over TLS; also all of mysql_clear_password. */
export function clearPassword(password: string): Buffer {
  return Buffer.from(`${password}\0`, "utf8");
}

/** Null when the zero at the end is missing. */
export function parseClearPassword(buffer: Buffer, start: number, end: number): string | null {
  if (end <= start || buffer[end - 1] !== 0) return null;
  return buffer.toString("utf8", start, end - 1);
}

/** mysql_clear_password: the password as by `clearPassword`. */
export const CLEAR_PASSWORD = "mysql_clear_password";
