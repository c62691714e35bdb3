import { payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";

/** First bytes of what a server sends while it authenticates. */
export const AUTH_PACKET = {
  ok: 0x00,
  moreData: 0x01,
  nextFactor: 0x02,
  authSwitch: 0xfe,
  error: 0xff,
} as const;

/** AuthMoreData of caching_sha2_password, and what the client may send to it. */
export const CACHING_SHA2 = {
  requestPublicKey: 2,
  fastAuthSuccess: 3,
  performFullAuthentication: 4,
} as const;

/** sha256_password asks for the public key with this byte. */
export const SHA256_REQUEST_PUBLIC_KEY = 1;

export interface AuthSwitch {
  readonly plugin: string;
  /** With the zero that ends a scramble, when the server sent it. */
  readonly data: Buffer;
}

/** `scramble` is ended by a zero on the wire. */
export function authSwitchRequest(plugin: string, scramble: Buffer): Buffer {
  return payload((out) => {
    out.uint8(AUTH_PACKET.authSwitch);
    out.cstring(plugin);
    out.raw(scramble);
    out.uint8(0);
  });
}

/** One byte alone (0xfe) is the switch to the pre-4.1 mysql_old_password. */
export function parseAuthSwitchRequest(buffer: Buffer, start: number, end: number): AuthSwitch {
  const reader = new PayloadReader(buffer, start + 1, end);
  if (reader.left === 0) return { plugin: "mysql_old_password", data: Buffer.alloc(0) };
  return { plugin: reader.cstring(), data: Buffer.from(reader.restBytes()) };
}

export function authMoreData(data: Uint8Array): Buffer {
  return payload((out) => {
    out.uint8(AUTH_PACKET.moreData);
    out.raw(data);
  });
}

/** Protocol::AuthNextFactorRequest of multi-factor authentication. */
export function authNextFactor(plugin: string, data: Uint8Array): Buffer {
  return payload((out) => {
    out.uint8(AUTH_PACKET.nextFactor);
    out.cstring(plugin);
    out.raw(data);
  });
}

export function parseAuthNextFactor(buffer: Buffer, start: number, end: number): AuthSwitch {
  const reader = new PayloadReader(buffer, start + 1, end);
  return { plugin: reader.cstring(), data: Buffer.from(reader.restBytes()) };
}
