/** A buffer that grows; for building messages whose length is not known beforehand. */
export class ByteBuilder {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Makes room for `count` bytes and returns where they start. */
  #reserve(count: number): number {
    const start = this.#length;
    const needed = start + count;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    this.#length = needed;
    return start;
  }

  /** Reserves bytes to be set later with `patchInt32`. */
  skip(count: number): number {
    return this.#reserve(count);
  }

  patchInt32(at: number, value: number): void {
    this.#bytes.writeInt32BE(value, at);
  }

  uint8(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  uint16(value: number): void {
    const at = this.#reserve(2);
    this.#bytes.writeUInt16BE(value & 0xffff, at);
  }

  /** Signed or unsigned. */
  int32(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeInt32BE(value | 0, at);
  }

  int64(value: bigint): void {
    const at = this.#reserve(8);
    this.#bytes.writeBigInt64BE(BigInt.asIntN(64, value), at);
  }

  float32(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeFloatBE(value, at);
  }

  float64(value: number): void {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  copy(source: Buffer, start: number, end: number): void {
    const at = this.#reserve(end - start);
    source.copy(this.#bytes, at, start, end);
  }

  latin1(text: string): void {
    const at = this.#reserve(text.length);
    this.#bytes.write(text, at, "latin1");
  }

  /** A copy of exactly what was built. */
  finish(): Buffer {
    const built = Buffer.allocUnsafeSlow(this.#length);
    this.#bytes.copy(built, 0, 0, this.#length);
    return built;
  }
}
