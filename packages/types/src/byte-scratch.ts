import { InvariantError } from "@freshet/util";

/** Below this length a loop over char codes beats the call into native code. */
const SHORT_TEXT = 24;

/** A growing buffer that is filled, used and filled again. `bytes` is replaced when it grows. */
export class ByteScratch {
  bytes: Buffer;
  length = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  appendByte(byte: number): void {
    this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  appendUint16(value: number): void {
    this.reserve(2);
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value;
  }

  /** Big-endian, so that unsigned order is byte order. */
  appendUint32(value: number): void {
    this.reserve(4);
    this.bytes[this.length++] = value >>> 24;
    this.bytes[this.length++] = value >>> 16;
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value;
  }

  appendBytes(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const bytes = this.bytes;
    let to = this.length;
    if (end - start <= SHORT_TEXT) {
      for (let from = start; from < end; from++) bytes[to++] = source[from] as number;
    } else {
      bytes.set(source.subarray(start, end), to);
      to += end - start;
    }
    this.length = to;
  }

  /** UTF-8. */
  appendText(text: string): void {
    this.reserve(text.length * 3);
    if (text.length <= SHORT_TEXT) {
      let to = this.length;
      let at = 0;
      for (; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (code > 0x7f) break;
        this.bytes[to++] = code;
      }
      if (at === text.length) {
        this.length = to;
        return;
      }
    }
    this.length += this.bytes.write(text, this.length, "utf8");
  }

  /** The bytes written as hexadecimal digits in `text` from `start`. */
  appendHex(text: string, start: number): void {
    const digits = start === 0 ? text : text.slice(start);
    const count = digits.length >> 1;
    this.reserve(count);
    if (
      (digits.length & 1) !== 0 ||
      (count > 0 && this.bytes.write(digits, this.length, count, "hex") !== count)
    ) {
      throw new InvariantError("malformed hexadecimal bytes");
    }
    this.length += count;
  }

  /** A copy of what was written, for keeping. */
  copy(): Buffer {
    const kept = Buffer.allocUnsafeSlow(this.length);
    this.bytes.copy(kept, 0, 0, this.length);
    return kept;
  }
}
