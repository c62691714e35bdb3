import { CLIENT } from "../capabilities.ts";
import { ERROR } from "../errors.ts";
import { PacketBuilder, payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";
import { ProtocolViolation } from "../protocol-violation.ts";

/** Size of the fixed head, which alone is an SSLRequest. */
export const SSL_REQUEST_BYTES = 32;
const FILLER_BYTES = 19;

/** Protocol::SSLRequest: TLS starts right after it. */
export interface SslRequest {
  readonly capabilities: number;
  /** `MARIADB_CLIENT` flags; on the wire only when CLIENT.mysql is not set. */
  readonly extended: number;
  readonly maxPacketBytes: number;
  /** Collation id; one byte on the wire. */
  readonly charset: number;
}

/** Protocol::HandshakeResponse41. Texts are byte strings. */
export interface HandshakeResponse extends SslRequest {
  readonly user: string;
  readonly authResponse: Buffer;
  /** Null without CLIENT.connectWithDb. */
  readonly database: string | null;
  /** Null without CLIENT.pluginAuth. */
  readonly authPlugin: string | null;
  /** In order; null without CLIENT.connectAttributes. */
  readonly attributes: readonly (readonly [string, string])[] | null;
  /** Null without CLIENT.zstdCompression. */
  readonly zstdLevel: number | null;
}

/** Whether a client's first payload asks for TLS. */
export function isSslRequest(buffer: Buffer, start: number, end: number): boolean {
  return end - start === SSL_REQUEST_BYTES && (buffer.readUInt16LE(start) & CLIENT.ssl) !== 0;
}

export function encodeSslRequest(request: SslRequest): Buffer {
  return payload((out) => writeHead(out, request));
}

export function parseSslRequest(buffer: Buffer, start: number, end: number): SslRequest {
  return readHead(new PayloadReader(buffer, start, end));
}

function writeHead(out: PacketBuilder, head: SslRequest): void {
  out.uint32(head.capabilities);
  out.uint32(head.maxPacketBytes);
  out.uint8(head.charset);
  out.zeros(FILLER_BYTES);
  out.uint32((head.capabilities & CLIENT.mysql) === 0 ? head.extended : 0);
}

function readHead(reader: PayloadReader): SslRequest {
  if (reader.left < SSL_REQUEST_BYTES) throw badHandshake();
  const capabilities = reader.uint32();
  if ((capabilities & CLIENT.protocol41) === 0) throw badHandshake();
  const maxPacketBytes = reader.uint32();
  const charset = reader.uint8();
  reader.skip(FILLER_BYTES);
  const filler = reader.uint32();
  const extended = (capabilities & CLIENT.mysql) === 0 ? filler : 0;
  return { capabilities, extended, maxPacketBytes, charset };
}

function badHandshake(): ProtocolViolation {
  return new ProtocolViolation("Bad handshake", ERROR.handshake);
}

export function encodeHandshakeResponse(response: HandshakeResponse): Buffer {
  const { capabilities } = response;
  return payload((out) => {
    writeHead(out, response);
    out.cstring(response.user);
    if ((capabilities & CLIENT.pluginAuthLenencData) !== 0) out.lenencBytes(response.authResponse);
    else if ((capabilities & CLIENT.secureConnection) !== 0) {
      out.uint8(response.authResponse.length);
      out.raw(response.authResponse);
    } else {
      out.raw(response.authResponse);
      out.uint8(0);
    }
    if ((capabilities & CLIENT.connectWithDb) !== 0) out.cstring(response.database ?? "");
    if ((capabilities & CLIENT.pluginAuth) !== 0) out.cstring(response.authPlugin ?? "");
    if ((capabilities & CLIENT.connectAttributes) !== 0) {
      writeAttributes(out, response.attributes ?? []);
    }
    if ((capabilities & CLIENT.zstdCompression) !== 0) out.uint8(response.zstdLevel ?? 3);
  });
}

/** Refused with 1043 when it is not a HandshakeResponse41. */
export function parseHandshakeResponse(
  buffer: Buffer,
  start: number,
  end: number,
): HandshakeResponse {
  const reader = new PayloadReader(buffer, start, end);
  const head = readHead(reader);
  try {
    return readTail(reader, head);
  } catch (error) {
    if (error instanceof ProtocolViolation) throw badHandshake();
    throw error;
  }
}

function readTail(reader: PayloadReader, head: SslRequest): HandshakeResponse {
  const { capabilities } = head;
  const user = reader.cstring();
  const authResponse = readAuthResponse(reader, capabilities);
  const has = (flag: number) => (capabilities & flag) !== 0;
  // Old clients leave out the last zero, or what they have announced and have not.
  const database = has(CLIENT.connectWithDb) ? reader.cstringOrRest() : null;
  const authPlugin = has(CLIENT.pluginAuth) ? reader.cstringOrRest() : null;
  const attributes = has(CLIENT.connectAttributes) ? readAttributes(reader) : null;
  const zstdLevel = has(CLIENT.zstdCompression) && reader.left > 0 ? reader.uint8() : null;
  return { ...head, user, authResponse, database, authPlugin, attributes, zstdLevel };
}

function readAuthResponse(reader: PayloadReader, capabilities: number): Buffer {
  if ((capabilities & CLIENT.pluginAuthLenencData) !== 0) return Buffer.from(reader.lenencBytes());
  if ((capabilities & CLIENT.secureConnection) !== 0) {
    return Buffer.from(reader.bytes(reader.uint8()));
  }
  return Buffer.from(reader.cstringOrRest(), "latin1");
}

/** Connection attributes, as in COM_CHANGE_USER too: a total length, then names and values. */
export function writeAttributes(
  out: PacketBuilder,
  attributes: readonly (readonly [string, string])[],
): void {
  const list = new PacketBuilder(128);
  for (const [name, value] of attributes) {
    list.lenencText(name);
    list.lenencText(value);
  }
  out.lenencBytes(list.copy());
}

export function readAttributes(reader: PayloadReader): (readonly [string, string])[] {
  if (reader.left === 0) return [];
  const length = reader.lenencLength();
  const at = reader.skip(length);
  const list = new PayloadReader(reader.buffer, at, at + length);
  const attributes: [string, string][] = [];
  while (list.left > 0) attributes.push([list.lenencString(), list.lenencString()]);
  return attributes;
}
