import { malformed } from "./binlog-error.ts";

/** Moves over row images; every length is checked against the end of the event. */
export class RowCursor {
  readonly bytes: Buffer;
  readonly end: number;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Moves over `count` bytes and returns where they start. */
  skip(count: number): number {
    const at = this.at;
    this.at = at + count;
    if (this.at > this.end) throw malformed("a row image ends too early");
    return at;
  }

  uint8(): number {
    return this.bytes[this.skip(1)] as number;
  }

  uint16(): number {
    const at = this.skip(2);
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8);
  }

  uint24(): number {
    const at = this.skip(3);
    const { bytes } = this;
    return (
      (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
    );
  }

  /** As a signed number. */
  int32(): number {
    return readInt32(this.bytes, this.skip(4));
  }

  /** A little-endian length of 1 to 4 bytes. */
  length(prefixBytes: number): number {
    switch (prefixBytes) {
      case 1:
        return this.uint8();
      case 2:
        return this.uint16();
      case 3:
        return this.uint24();
      case 4:
        return this.int32() >>> 0;
      default:
        throw malformed(`a length of ${prefixBytes} bytes`);
    }
  }

  /** A big-endian number of up to 6 bytes. */
  bigEndian(count: number): number {
    const at = this.skip(count);
    let value = 0;
    for (let index = at; index < at + count; index += 1) {
      value = value * 256 + (this.bytes[index] as number);
    }
    return value;
  }
}

export function readInt32(bytes: Buffer, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

const signed = new BigInt64Array(1);
const unsigned = new BigUint64Array(signed.buffer);
const halves = new Int32Array(signed.buffer);
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;

/** Two 32-bit halves as one signed number, without arithmetic on bigints. */
export function int64Of(high: number, low: number): bigint {
  halves[1 - LOW] = high;
  halves[LOW] = low;
  return signed[0] as bigint;
}

export function uint64Of(high: number, low: number): bigint {
  halves[1 - LOW] = high;
  halves[LOW] = low;
  return unsigned[0] as bigint;
}
