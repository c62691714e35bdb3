import { brotliDecompressSync } from "node:zlib";

/** Characters that have weights of their own when they stand together. */
export interface Contraction {
  /** What follows the first character. */
  readonly rest: string;
  readonly weights: readonly number[];
}

/** By first character, the longest first. */
export type Contractions = ReadonlyMap<number, readonly Contraction[]>;

/** Lines of `characters=weights in hexadecimal`, brotli in base64. */
export function readContractions(stored: string): Contractions {
  const found = new Map<number, Contraction[]>();
  const lines = brotliDecompressSync(Buffer.from(stored, "base64")).toString("utf8").split("\n");
  for (const line of lines) {
    const [text = "", weights = ""] = line.split("=");
    const first = text.codePointAt(0) as number;
    const others = found.get(first) ?? [];
    others.push({
      rest: text.slice(first > 0xffff ? 2 : 1),
      weights: (weights.match(/..../g) ?? []).map((unit) => parseInt(unit, 16)),
    });
    found.set(first, others);
  }
  for (const list of found.values()) list.sort((a, b) => b.rest.length - a.rest.length);
  return found;
}
