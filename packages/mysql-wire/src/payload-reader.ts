import { byteString } from "@freshet/util";
import { malformedPacket } from "./protocol-violation.ts";

/**
 * Reads one payload from left to right. Every length is checked against the payload's end:
 * beyond it is a malformed packet (1835).
 */
export class PayloadReader {
  readonly buffer: Buffer;
  readonly end: number;
  at: number;

  constructor(buffer: Buffer, start: number, end: number) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Moves over `count` bytes and returns where they start. */
  skip(count: number): number {
    const at = this.at;
    if (count > this.end - at) throw malformedPacket();
    this.at = at + count;
    return at;
  }

  uint8(): number {
    return this.buffer[this.skip(1)] as number;
  }

  uint16(): number {
    return this.buffer.readUInt16LE(this.skip(2));
  }

  uint24(): number {
    return this.buffer.readUIntLE(this.skip(3), 3);
  }

  uint32(): number {
    return this.buffer.readUInt32LE(this.skip(4));
  }

  /** A length-encoded integer; bigint above 2^53 - 1. */
  lenencInt(): number | bigint {
    const first = this.uint8();
    if (first < 0xfb) return first;
    switch (first) {
      case 0xfc:
        return this.uint16();
      case 0xfd:
        return this.uint24();
      case 0xfe: {
        const at = this.skip(8);
        const high = this.buffer.readUInt32LE(at + 4);
        return high < 0x20_0000
          ? high * 0x1_0000_0000 + this.buffer.readUInt32LE(at)
          : this.buffer.readBigUInt64LE(at);
      }
      default:
        // 0xfb is NULL in a text row only, 0xff never.
        throw malformedPacket();
    }
  }

  /** A length-encoded integer that counts bytes of this payload. */
  lenencLength(): number {
    const length = this.lenencInt();
    if (typeof length === "bigint" || length > this.end - this.at) throw malformedPacket();
    return length;
  }

  /** Length-encoded, as a byte string. */
  lenencString(): string {
    return this.string(this.lenencLength());
  }

  /** A view. */
  lenencBytes(): Buffer {
    return this.bytes(this.lenencLength());
  }

  /** `count` bytes as a byte string. */
  string(count: number): string {
    const at = this.skip(count);
    return count === 0 ? "" : byteString(this.buffer, at, at + count);
  }

  /** A view. */
  bytes(count: number): Buffer {
    const at = this.skip(count);
    return this.buffer.subarray(at, at + count);
  }

  /** Zero-terminated, as a byte string. */
  cstring(): string {
    const at = this.buffer.indexOf(0, this.at);
    if (at === -1 || at >= this.end) throw malformedPacket();
    const text = this.string(at - this.at);
    this.at += 1;
    return text;
  }

  /** Zero-terminated or to the end, as a byte string: old clients leave out the last zero. */
  cstringOrRest(): string {
    const at = this.buffer.indexOf(0, this.at);
    return at === -1 || at >= this.end ? this.rest() : this.cstring();
  }

  /** All that is left, as a byte string. */
  rest(): string {
    return this.string(this.end - this.at);
  }

  /** A view of all that is left. */
  restBytes(): Buffer {
    return this.bytes(this.end - this.at);
  }
}
