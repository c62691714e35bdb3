import { brotliDecompressSync } from "node:zlib";
import type { UnitScratch } from "./unit-scratch.ts";

/** The weights of every code point of one collation. */
export interface WeightTable {
  /** Appends the weights of one code point: none when it is ignored. */
  append(out: UnitScratch, codePoint: number): void;
  /** The one weight of each ASCII character; 0 for a character that has none. */
  readonly ascii: Uint16Array;
}

/*
 * Stored form (`*.data.ts`, brotli in base64), made by `test/collations/generate-collations.ts`:
 *
 *     runs     pairs of varints: form of a code point, how many in a row have it; (0, 0) ends
 *     weights  16-bit little-endian, for each code point of an explicit form: each weight minus
 *              the weight of the same position in the code point with so many weights before it
 *
 * Form 0 to 31: so many weights. Form 32 + n: the two weights that the Unicode collation algorithm
 * derives from the code point, with the n-th of IMPLICIT_BASES.
 */
export const IMPLICIT_BASES = [0xfb40, 0xfb80, 0xfbc0] as const;
export const IMPLICIT_FORM = 32;
const CODE_POINTS = 0x110000;
const PAGE_BITS = 8;
const PAGE_SIZE = 1 << PAGE_BITS;
const IMPLICIT_FLAG = 0x80000000;
const LENGTH_SHIFT = 24;
const PLACE_MASK = 0xffffff;

/** The second weight that is derived from a code point; the first is base + (codePoint >> 15). */
export function implicitTail(codePoint: number): number {
  return (codePoint & 0x7fff) | 0x8000;
}

class PagedWeights implements WeightTable {
  readonly ascii = new Uint16Array(128);
  /** Per code point: length and place in `#pool`, or the flag and the base. */
  readonly #pages: readonly Uint32Array[];
  readonly #pool: Uint16Array;

  constructor(pages: readonly Uint32Array[], pool: Uint16Array) {
    this.#pages = pages;
    this.#pool = pool;
    const first = pages[0] as Uint32Array;
    for (let code = 0; code < 128; code++) {
      const entry = first[code] as number;
      if (entry >>> LENGTH_SHIFT === 1) this.ascii[code] = pool[entry & PLACE_MASK] as number;
    }
  }

  append(out: UnitScratch, codePoint: number): void {
    const page = this.#pages[codePoint >> PAGE_BITS] as Uint32Array;
    const entry = page[codePoint & (PAGE_SIZE - 1)] as number;
    if (entry >= IMPLICIT_FLAG) {
      out.append((entry & 0xffff) + (codePoint >> 15));
      out.append(implicitTail(codePoint));
      return;
    }
    const place = entry & PLACE_MASK;
    const end = place + (entry >>> LENGTH_SHIFT);
    for (let at = place; at < end; at++) out.append(this.#pool[at] as number);
  }
}

/** Reads the stored form. */
export function readWeightTable(stored: string): WeightTable {
  const bytes = brotliDecompressSync(Buffer.from(stored, "base64"));
  const runs: number[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const form = varint();
    const count = varint();
    if (count === 0) break;
    runs.push(form, count);
  }
  const entries = new Uint32Array(CODE_POINTS);
  const pool = new Uint16Array((bytes.length - at) >> 1);
  const before = Array.from({ length: IMPLICIT_FORM }, () => new Uint16Array(IMPLICIT_FORM));
  let place = 0;
  let code = 0;
  for (let run = 0; run < runs.length; run += 2) {
    const form = runs[run] as number;
    for (const end = code + (runs[run + 1] as number); code < end; code++) {
      if (form >= IMPLICIT_FORM) {
        entries[code] = IMPLICIT_FLAG + (IMPLICIT_BASES[form - IMPLICIT_FORM] as number);
        continue;
      }
      entries[code] = (form << LENGTH_SHIFT) | place;
      const last = before[form] as Uint16Array;
      for (let index = 0; index < form; index++) {
        last[index] = (last[index] as number) + bytes.readUInt16LE(at);
        pool[place++] = last[index] as number;
        at += 2;
      }
    }
  }
  return new PagedWeights(pagesOf(entries), pool);
}

/** Runs of equal pages, which derived weights make, are one page. */
function pagesOf(entries: Uint32Array): Uint32Array[] {
  const pages: Uint32Array[] = [];
  for (let start = 0; start < entries.length; start += PAGE_SIZE) {
    const page = entries.slice(start, start + PAGE_SIZE);
    const last = pages.at(-1);
    pages.push(last?.every((entry, index) => entry === page[index]) === true ? last : page);
  }
  return pages;
}
