import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** The arithmetic of SCRAM-SHA-256 (RFC 5802, RFC 7677), shared by both sides. */

export const SCRAM_ITERATIONS = 4096;
/** More would let a peer burn our CPU. */
export const SCRAM_ITERATIONS_LIMIT = 1_000_000;

const pbkdf2Async = promisify(pbkdf2);

export function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

export function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

export function xor(left: Buffer, right: Buffer): Buffer {
  const result = Buffer.alloc(left.length);
  for (let i = 0; i < left.length; i += 1) result[i] = (left[i] ?? 0) ^ (right[i] ?? 0);
  return result;
}

export function equalBytes(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

export async function saltedPassword(
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<Buffer> {
  return pbkdf2Async(saslPrep(password), salt, iterations, 32, "sha256");
}

export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export function scramKeys(salted: Buffer): ScramKeys {
  const clientKey = hmac(salted, "Client Key");
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmac(salted, "Server Key") };
}

const NON_ASCII_SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
const MAPPED_TO_NOTHING =
  /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/gu;
const PROHIBITED =
  /[\u0000-\u001f\u007f-\u009f\u06dd\u070f\u180e\u2028\u2029\u206a-\u206f\ufff9-\ufffd\ufdd0-\ufdef\ue000-\uf8ff\u0340\u0341\u200e\u200f\u202a-\u202e\u2ff0-\u2ffb\ud800-\udfff]/u;

/** RFC 4013; as Postgres does, a password it does not allow is used as it is. */
export function saslPrep(password: string): string {
  const mapped = password
    .replace(NON_ASCII_SPACE, " ")
    .replace(MAPPED_TO_NOTHING, "")
    .normalize("NFKC");
  return mapped === "" || PROHIBITED.test(mapped) ? password : mapped;
}

/** `a=…,b=…` → map; values may contain `=`. */
export function scramAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const part of text.split(",")) {
    if (part[1] === "=") attributes.set(part.slice(0, 1), part.slice(2));
  }
  return attributes;
}
