import type { Contraction, Contractions } from "./contractions.ts";
import type { Collator } from "./collator.ts";
import { padSpaceKey } from "./pad-space.ts";
import { UnitScratch } from "./unit-scratch.ts";
import type { WeightTable } from "./weight-table.ts";

const scratch = new UnitScratch();
const SPACE = 0x20;

/** A collation that compares the weights of characters, or of some that stand together. */
export class TableCollator implements Collator {
  readonly name: string;
  readonly padSpace: boolean;
  readonly #table: WeightTable;

  readonly #contractions: Contractions | null;

  constructor(
    name: string,
    table: WeightTable,
    padSpace: boolean,
    contractions: Contractions | null = null,
  ) {
    this.name = name;
    this.padSpace = padSpace;
    this.#table = table;
    this.#contractions = contractions;
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
      const contracted = this.#contractions === null ? 0 : this.#appendContracted(text, at, code);
      if (contracted === 0) this.#table.append(scratch, code);
      else at += contracted;
    }
  }

  /** Appends the weights of the contraction that starts there and says how much more it takes. */
  #appendContracted(text: string, at: number, first: number): number {
    for (const { rest, weights } of this.#contractions?.get(first) ?? NONE) {
      if (!text.startsWith(rest, at + 1)) continue;
      for (const weight of weights) scratch.append(weight);
      return rest.length;
    }
    return 0;
  }
}

const NONE: readonly Contraction[] = [];
