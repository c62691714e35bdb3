import { ByteScratch } from "@freshet/types";
import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from "./packet-scanner.ts";

/** Builds payloads and packets, little-endian; grows as needed and may be reset and used again. */
export class PacketBuilder extends ByteScratch {
  #packetAt = 0;
  #sequence = 0;

  constructor(capacity = 512) {
    super(capacity);
  }

  /** Starts a packet: what is written until `endPacket` is its payload. */
  beginPacket(sequence: number): void {
    this.#packetAt = this.skip(HEADER_BYTES);
    this.#sequence = sequence & 0xff;
  }

  /** Ends the packet, split where it is too long for one, and returns the next sequence id. */
  endPacket(): number {
    const start = this.#packetAt;
    const payload = this.length - start - HEADER_BYTES;
    if (payload < MAX_PAYLOAD_BYTES) {
      writeHeader(this.bytes, start, payload, this.#sequence);
      return (this.#sequence + 1) & 0xff;
    }
    const extra = Math.floor(payload / MAX_PAYLOAD_BYTES);
    this.skip(extra * HEADER_BYTES);
    // From the last piece to the first, so that no byte is overwritten before it has moved.
    for (let piece = extra; piece >= 0; piece -= 1) {
      const from = start + HEADER_BYTES + piece * MAX_PAYLOAD_BYTES;
      const bytes = Math.min(MAX_PAYLOAD_BYTES, payload - piece * MAX_PAYLOAD_BYTES);
      const to = from + piece * HEADER_BYTES;
      this.bytes.copyWithin(to, from, from + bytes);
      writeHeader(this.bytes, to - HEADER_BYTES, bytes, this.#sequence + piece);
    }
    return (this.#sequence + extra + 1) & 0xff;
  }

  /** Reserves bytes, to be set by the caller. */
  skip(count: number): number {
    const at = this.length;
    this.reserve(count);
    this.length = at + count;
    return at;
  }

  uint8(value: number): void {
    this.appendByte(value);
  }

  uint16(value: number): void {
    const at = this.skip(2);
    this.bytes.writeUInt16LE(value & 0xffff, at);
  }

  /** Signed or unsigned. */
  uint32(value: number): void {
    const at = this.skip(4);
    this.bytes.writeUInt32LE(value >>> 0, at);
  }

  /** Signed or unsigned. */
  uint64(value: bigint): void {
    const at = this.skip(8);
    this.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  }

  float(value: number): void {
    const at = this.skip(4);
    this.bytes.writeFloatLE(value, at);
  }

  double(value: number): void {
    const at = this.skip(8);
    this.bytes.writeDoubleLE(value, at);
  }

  zeros(count: number): void {
    const at = this.skip(count);
    this.bytes.fill(0, at, at + count);
  }

  lenencInt(value: number | bigint): void {
    if (value < 0xfb) this.uint8(Number(value));
    else if (value <= 0xffff) {
      this.uint8(0xfc);
      this.uint16(Number(value));
    } else if (value <= 0xffffff) {
      this.uint8(0xfd);
      this.uint16(Number(value) & 0xffff);
      this.uint8(Number(value) >>> 16);
    } else {
      this.uint8(0xfe);
      this.uint64(BigInt(value));
    }
  }

  /** `text` is a byte string. */
  byteText(text: string): void {
    const at = this.skip(text.length);
    this.bytes.write(text, at, "latin1");
  }

  /** A byte string and a zero. */
  cstring(text: string): void {
    this.byteText(text);
    this.uint8(0);
  }

  /** A byte string with its length. */
  lenencText(text: string): void {
    this.lenencInt(text.length);
    this.byteText(text);
  }

  lenencBytes(bytes: Uint8Array): void {
    this.lenencInt(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.appendBytes(bytes, 0, bytes.length);
  }
}

function writeHeader(bytes: Buffer, at: number, length: number, sequence: number): void {
  bytes[at] = length;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length >>> 16;
  bytes[at + 3] = sequence;
}

/** Lenenc integer's bytes; for lengths. */
export function lenencSize(value: number): number {
  if (value < 0xfb) return 1;
  if (value <= 0xffff) return 3;
  return value <= 0xffffff ? 4 : 9;
}

/** Builds one payload. */
export function payload(write: (out: PacketBuilder) => void): Buffer {
  const out = new PacketBuilder(64);
  write(out);
  return out.copy();
}

/** A payload with its header, or headers when it is long. */
export function packet(sequence: number, bytes: Uint8Array): Buffer {
  return packets(sequence, [bytes]);
}

/** Payloads as packets with consecutive sequence ids, in one buffer. */
export function packets(firstSequence: number, payloads: readonly Uint8Array[]): Buffer {
  let total = 0;
  for (const bytes of payloads) {
    total += bytes.length + HEADER_BYTES * (1 + Math.floor(bytes.length / MAX_PAYLOAD_BYTES));
  }
  const out = Buffer.allocUnsafe(total);
  let at = 0;
  let sequence = firstSequence;
  for (const bytes of payloads) {
    for (let from = 0; from <= bytes.length; from += MAX_PAYLOAD_BYTES) {
      const length = Math.min(MAX_PAYLOAD_BYTES, bytes.length - from);
      writeHeader(out, at, length, sequence);
      out.set(bytes.subarray(from, from + length), at + HEADER_BYTES);
      at += HEADER_BYTES + length;
      sequence += 1;
    }
  }
  return out;
}
