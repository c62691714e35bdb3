import { FrameCutter } from "@freshet/util";

/**
 * The bytes between adapter and server.
 *
 *     frame     = length:u32 type:u8 payload      length counts type and payload, big endian
 *
 * Handshake (the adapter dials; payloads are JSON in UTF-8, a frame has at most 4 KB):
 *
 *     adapter   HELLO      who it is, protocol versions it speaks, the term of the leader that
 *                          it wants, a nonce
 *     server    CHALLENGE  the same of the server: the term it leads or null, its own nonce
 *     adapter   PROOF      HMAC-SHA256(secret, "adapter", HELLO, CHALLENGE, channel)
 *     server    ACCEPT     the protocol version from now on, and
 *                          HMAC-SHA256(secret, "server" + version, HELLO, CHALLENGE, channel)
 *          or   REFUSED    a sentence, for the adapter's log
 *
 * The proofs are over the frames as they were sent, so neither nonces, identities, versions nor
 * term can be replayed, changed or left out by somebody between; `channel` is keying material of
 * the TLS connection (RFC 9266, empty without TLS), so a proof is worth nothing on another one.
 * Without a secret proofs are empty and identities are still compared. Without TLS nothing
 * protects what follows the handshake from somebody who can change packets.
 *
 * Then, both ways and in order:
 *
 *     BATCH     head:u32 messages:msgpack[head] rows      see `PackedBatch`; at most 512 MB
 *     ACK       batches:u32     so many more batches have been handled
 *     PING      number:u32
 *     PONG      number:u32      sent after everything that was sent before the PING was read
 *     BYE       reason in UTF-8
 */
export const FRAME = {
  hello: 1,
  challenge: 2,
  proof: 3,
  accept: 4,
  refused: 5,
  batch: 16,
  ack: 17,
  ping: 18,
  pong: 19,
  bye: 20,
} as const;

export const HEADER_BYTES = 5;
const LENGTH_BYTES = 4;
export const HANDSHAKE_FRAME_LIMIT_BYTES = 4 * 1024;
/** Above what a link lets be outstanding, so an honest peer's batch always fits. */
export const FRAME_LIMIT_BYTES = 512 * 1024 * 1024;

/** The peer does not keep to the format; its link ends. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** Cuts frames; a length beyond the limit is refused before anything is allocated for it. */
export class WireFrames extends FrameCutter {
  limitBytes = HANDSHAKE_FRAME_LIMIT_BYTES;

  constructor() {
    super(HEADER_BYTES);
  }

  get type(): number {
    return this.buffer[this.start + LENGTH_BYTES] ?? 0;
  }

  /** A view that is valid until the buffer it came in is used again, which sockets do not do. */
  get payload(): Buffer {
    return this.buffer.subarray(this.start + HEADER_BYTES, this.end);
  }

  protected override readHeader(buffer: Buffer, at: number): void {
    const length = buffer.readUInt32BE(at);
    if (length < 1 || length > this.limitBytes) {
      throw new WireError(`a frame of ${length} bytes, at most ${this.limitBytes} are allowed`);
    }
    this.total = LENGTH_BYTES + length;
  }

  protected override get assembleLimit(): number {
    return LENGTH_BYTES + this.limitBytes;
  }
}

export function frameHeader(type: number, payloadBytes: number, extraBytes = 0): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES + extraBytes);
  header.writeUInt32BE(1 + payloadBytes);
  header[LENGTH_BYTES] = type;
  return header;
}

export function frameOf(type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(type, payload.length), payload]);
}

/** A frame whose payload is one number. */
export function numberFrame(type: number, value: number): Buffer {
  const frame = frameHeader(type, 4, 4);
  frame.writeUInt32BE(value, HEADER_BYTES);
  return frame;
}

export function readNumber(payload: Buffer): number {
  if (payload.length !== 4) throw new WireError("a number has four bytes");
  return payload.readUInt32BE();
}
