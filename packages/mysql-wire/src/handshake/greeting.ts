import { CLIENT } from "../capabilities.ts";
import { ERROR } from "../errors.ts";
import { payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";
import { ProtocolViolation } from "../protocol-violation.ts";

export const PROTOCOL_VERSION_10 = 10;
export const SCRAMBLE_BYTES = 20;
/** The scramble's first part stands before the capabilities, the rest after them. */
const SCRAMBLE_FIRST_BYTES = 8;
const RESERVED_BYTES = 6;

/** Protocol::HandshakeV10, a server's first packet. */
export interface Handshake {
  /** Byte string. */
  readonly serverVersion: string;
  readonly threadId: number;
  /** 20 bytes, without the zero that ends it on the wire. */
  readonly scramble: Buffer;
  /** `CLIENT` flags. */
  readonly capabilities: number;
  /** `MARIADB_CLIENT` flags; on the wire only when CLIENT.mysql is not set. */
  readonly extended: number;
  /** Collation id; only its low byte is sent. */
  readonly charset: number;
  /** `SERVER_STATUS` flags. */
  readonly status: number;
  /** "" when CLIENT.pluginAuth is not set. */
  readonly authPlugin: string;
}

export function encodeHandshake(handshake: Handshake): Buffer {
  const { capabilities, scramble } = handshake;
  return payload((out) => {
    out.uint8(PROTOCOL_VERSION_10);
    out.cstring(handshake.serverVersion);
    out.uint32(handshake.threadId);
    out.appendBytes(scramble, 0, SCRAMBLE_FIRST_BYTES);
    out.uint8(0);
    out.uint16(capabilities);
    out.uint8(handshake.charset);
    out.uint16(handshake.status);
    out.uint16(capabilities >>> 16);
    out.uint8((capabilities & CLIENT.pluginAuth) !== 0 ? scramble.length + 1 : 0);
    out.zeros(RESERVED_BYTES);
    out.uint32((capabilities & CLIENT.mysql) === 0 ? handshake.extended : 0);
    out.appendBytes(scramble, SCRAMBLE_FIRST_BYTES, scramble.length);
    out.uint8(0);
    if ((capabilities & CLIENT.pluginAuth) !== 0) out.cstring(handshake.authPlugin);
  });
}

/** An ERR packet in its place is the caller's to see first (first byte 0xff). */
export function parseHandshake(buffer: Buffer, start: number, end: number): Handshake {
  const reader = new PayloadReader(buffer, start, end);
  const version = reader.uint8();
  if (version !== PROTOCOL_VERSION_10) {
    throw new ProtocolViolation(`Unknown protocol version ${version}`, ERROR.handshake);
  }
  const serverVersion = reader.cstring();
  const threadId = reader.uint32();
  const firstPart = reader.bytes(SCRAMBLE_FIRST_BYTES);
  reader.skip(1);
  let capabilities = reader.uint16();
  let charset = 0;
  let status = 0;
  let extended = 0;
  let dataLength = 0;
  let rest = Buffer.alloc(0);
  let authPlugin = "";
  if (reader.left > 0) {
    charset = reader.uint8();
    status = reader.uint16();
    capabilities = (capabilities | (reader.uint16() << 16)) >>> 0;
    dataLength = reader.uint8();
    reader.skip(RESERVED_BYTES);
    const filler = reader.uint32();
    if ((capabilities & CLIENT.mysql) === 0) extended = filler;
    if ((capabilities & CLIENT.secureConnection) !== 0) {
      rest = Buffer.from(reader.bytes(Math.max(13, dataLength - SCRAMBLE_FIRST_BYTES)));
    }
    if ((capabilities & CLIENT.pluginAuth) !== 0) authPlugin = reader.cstringOrRest();
  }
  const scramble = Buffer.concat([firstPart, rest]).subarray(0, SCRAMBLE_BYTES);
  return {
    serverVersion,
    threadId,
    scramble,
    capabilities,
    extended,
    charset,
    status,
    authPlugin,
  };
}
