import type { Collator } from "./collator.ts";
import { padSpaceKey } from "./pad-space.ts";
import { UnitScratch } from "./unit-scratch.ts";
import type { WeightTable } from "./weight-table.ts";

const scratch = new UnitScratch();
const SPACE = 0x20;

/** A collation that looks at one character after the other and compares their weights. */
export class TableCollator implements Collator {
  readonly name: string;
  readonly padSpace: boolean;
  readonly #table: WeightTable;

  constructor(name: string, table: WeightTable, padSpace: boolean) {
    this.name = name;
    this.padSpace = padSpace;
    this.#table = table;
  }

  sortKey(text: string): string {
    this.#fill(text);
    if (!this.padSpace) return scratch.text();
    return padSpaceKey(scratch, this.#table.ascii[SPACE] as number);
  }

  /** The weights of all characters, which the server calls WEIGHT_STRING(). */
  weights(text: string): string {
    this.#fill(text);
    return scratch.text();
  }

  #fill(text: string): void {
    const { ascii } = this.#table;
    const { length } = text;
    scratch.length = 0;
    scratch.reserve(length);
    const { units } = scratch;
    let at = 0;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) break;
      const weight = ascii[code] as number;
      if (weight === 0) break;
      units[at] = weight;
    }
    scratch.length = at;
    if (at < length) this.#appendRest(text, at);
  }

  characterKey(codePoint: number): string {
    scratch.length = 0;
    this.#table.append(scratch, codePoint);
    return scratch.text();
  }

  #appendRest(text: string, start: number): void {
    for (let at = start; at < text.length; at++) {
      const code = text.codePointAt(at) as number;
      if (code > 0xffff) at++;
      this.#table.append(scratch, code);
    }
  }
}
