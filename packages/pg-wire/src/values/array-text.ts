/** Array text: `{a,"b,c",NULL}`, `{{1,2},{3,4}}`, `[0:1]={a,b}` (array_in and array_out). */

export interface ArrayText {
  readonly dimensions: readonly { readonly length: number; readonly lowerBound: number }[];
  /** In row-major order; byte strings. */
  readonly elements: readonly (string | null)[];
}

const BOUNDS = /^((?:\[[+-]?\d+:[+-]?\d+\])+)=/;
const MAX_DIMENSIONS = 6;

/**
 * Parses what array_out prints, and well-formed variants of it (white space, any quoting).
 * Returns null for everything else. Not for `box`, which is separated by semicolons.
 */
export function parseArrayText(text: string): ArrayText | null {
  const bounds = BOUNDS.exec(text);
  const lowerBounds: number[] = [];
  if (bounds !== null) {
    for (const match of bounds[1]!.matchAll(/\[([+-]?\d+):/g)) lowerBounds.push(Number(match[1]));
  }
  const parser = new ArrayParser(text, bounds === null ? 0 : bounds[0].length);
  if (!parser.parse()) return null;
  const { lengths, elements } = parser;
  if (bounds !== null && lowerBounds.length !== lengths.length) return null;
  return {
    dimensions: lengths.map((length, index) => ({ length, lowerBound: lowerBounds[index] ?? 1 })),
    elements,
  };
}

class ArrayParser {
  readonly elements: (string | null)[] = [];
  /** Length of each dimension; empty for `{}`. */
  readonly lengths: number[] = [];
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  parse(): boolean {
    this.#skipSpace();
    if (!this.#list(0)) return false;
    this.#skipSpace();
    if (this.#at !== this.#text.length) return false;
    if (this.elements.length === 0) this.lengths.length = 0;
    return this.elements.length > 0 || /^\s*\{\s*\}\s*$/.test(this.#text);
  }

  #skipSpace(): void {
    while (" \t\n\r\v\f".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  /** One pair of braces at this depth; all lists of a depth have one length and one nature. */
  #list(depth: number): boolean {
    if (this.#text[this.#at] !== "{" || depth >= MAX_DIMENSIONS) return false;
    this.#at += 1;
    let count = 0;
    for (;;) {
      this.#skipSpace();
      const next = this.#text[this.#at];
      if (next === undefined) return false;
      if (next === "}" && count === 0) break;
      if (next === "{") {
        if (this.#leafDepth !== null && depth >= this.#leafDepth) return false;
        if (!this.#list(depth + 1)) return false;
      } else {
        this.#leafDepth ??= depth;
        if (this.#leafDepth !== depth || !this.#element()) return false;
      }
      count += 1;
      this.#skipSpace();
      const mark = this.#text[this.#at];
      if (mark === "}") break;
      if (mark !== ",") return false;
      this.#at += 1;
    }
    this.#at += 1;
    const known = this.lengths[depth];
    if (known === undefined) this.lengths[depth] = count;
    return known === undefined || known === count;
  }

  #leafDepth: number | null = null;

  #element(): boolean {
    const text = this.#text;
    if (text[this.#at] === '"') {
      let value = "";
      for (this.#at += 1; text[this.#at] !== '"'; this.#at += 1) {
        if (text[this.#at] === "\\") this.#at += 1;
        const char = text[this.#at];
        if (char === undefined) return false;
        value += char;
      }
      this.#at += 1;
      this.elements.push(value);
      return true;
    }
    let value = "";
    let kept = 0;
    let escaped = false;
    for (; ; this.#at += 1) {
      let char = text[this.#at];
      if (char === undefined || char === '"' || char === "{") return false;
      if (char === "," || char === "}") break;
      if (char === "\\") {
        escaped = true;
        this.#at += 1;
        char = text[this.#at];
        if (char === undefined) return false;
        value += char;
        kept = value.length;
        continue;
      }
      value += char;
      if (!" \t\n\r\v\f".includes(char)) kept = value.length;
    }
    value = value.slice(0, kept);
    if (value === "" && !escaped) return false;
    this.elements.push(!escaped && value.toLowerCase() === "null" ? null : value);
    return true;
  }
}
