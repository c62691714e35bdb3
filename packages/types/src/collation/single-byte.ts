import { LATIN1_CHARACTERS, SINGLE_BYTE_WEIGHTS } from "./single-byte.data.ts";
import type { UnitScratch } from "./unit-scratch.ts";
import type { WeightTable } from "./weight-table.ts";

/** What the character set does not have comes after all that it has, each by itself. */
const FOREIGN = 0xffff;
const byteOf = new Map(Array.from(LATIN1_CHARACTERS, (character, byte) => [character, byte]));

/** A collation of latin1 (in MySQL: Windows-1252) or ascii: each byte has one weight. */
class SingleByteTable implements WeightTable {
  readonly ascii = new Uint16Array(128);
  readonly #weights: Buffer | null;

  /** `weights` as hexadecimal digits, null when bytes compare as they are. */
  constructor(weights: string | null) {
    this.#weights = weights === null ? null : Buffer.from(weights, "hex");
    for (let byte = 0; byte < 128; byte++) this.ascii[byte] = this.#weights?.[byte] ?? byte;
  }

  append(out: UnitScratch, codePoint: number): void {
    const byte = byteOf.get(String.fromCodePoint(codePoint));
    const weight = byte === undefined || this.#weights === null ? byte : this.#weights[byte];
    if (weight !== undefined) out.append(weight);
    else {
      out.append(FOREIGN);
      out.append(codePoint >> 16);
      out.append(codePoint & 0xffff);
    }
  }
}

/** The table of e.g. `latin1_swedish_ci` or `latin1_bin`. */
export function singleByteTable(collation: string): WeightTable {
  return new SingleByteTable(SINGLE_BYTE_WEIGHTS[collation] ?? null);
}
