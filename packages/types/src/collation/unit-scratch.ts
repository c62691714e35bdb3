/** 16-bit units of one key while it is being made; filled, read and filled again. */
export class UnitScratch {
  units = new Uint16Array(1024);
  length = 0;

  /** Makes room for `count` more units. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.units.length) return;
    const grown = new Uint16Array(Math.max(needed, this.units.length * 2));
    grown.set(this.units.subarray(0, this.length));
    this.units = grown;
  }

  append(unit: number): void {
    if (this.length === this.units.length) this.reserve(1);
    this.units[this.length++] = unit;
  }

  appendText(text: string): void {
    this.reserve(text.length);
    for (let at = 0; at < text.length; at++) this.units[this.length++] = text.charCodeAt(at);
  }

  /** What was written as a string of these units. */
  text(): string {
    const { units, length } = this;
    if (length <= SHORT) {
      return String.fromCharCode.apply(null, units.subarray(0, length) as unknown as number[]);
    }
    return Buffer.from(units.buffer, 0, length * 2).toString("utf16le");
  }
}

/** Up to here a call with that many arguments is quicker than a decoder. */
const SHORT = 64;
