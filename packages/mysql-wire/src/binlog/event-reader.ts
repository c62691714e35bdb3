import { PayloadReader } from "../payload-reader.ts";

/** Reads an event's body; what lies beyond the end is a ProtocolViolation, which the decoder turns into a BinlogError. */
export class EventReader extends PayloadReader {
  uint48(): number {
    return this.buffer.readUIntLE(this.skip(6), 6);
  }

  uint56(): number {
    const at = this.skip(7);
    return this.buffer.readUIntLE(at, 6) + (this.buffer[at + 6] as number) * 2 ** 48;
  }

  uint64(): bigint {
    return this.buffer.readBigUInt64LE(this.skip(8));
  }

  /** `count` bytes of UTF-8. */
  text(count: number): string {
    const at = this.skip(count);
    return this.buffer.toString("utf8", at, at + count);
  }

  /** The rest as UTF-8. */
  restText(): string {
    return this.text(this.left);
  }

  /** Length-encoded UTF-8. */
  lenencText(): string {
    return this.text(this.lenencLength());
  }
}
