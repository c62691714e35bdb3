import type { Collator } from "./collator.ts";
import { padSpaceKey } from "./pad-space.ts";
import { UnitScratch } from "./unit-scratch.ts";

const scratch = new UnitScratch();
const SPACE = 0x20;
const SURROGATES = 0xd800;

/** A `_bin` collation of Unicode text: by code point. */
export class BinaryCollator implements Collator {
  readonly name: string;
  readonly padSpace: boolean;

  constructor(name: string, padSpace: boolean) {
    this.name = name;
    this.padSpace = padSpace;
  }

  sortKey(text: string): string {
    const { length } = text;
    scratch.length = 0;
    scratch.reserve(length);
    const { units } = scratch;
    let moved = false;
    let low = false;
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= SURROGATES) {
        units[at] = inCodePointOrder(unit);
        moved = true;
      } else {
        units[at] = unit;
        if (unit < SPACE) low = true;
      }
    }
    scratch.length = length;
    if (this.padSpace) {
      if (moved || low || text.endsWith(" ")) return padSpaceKey(scratch, SPACE);
      return text + PLAIN_END;
    }
    return moved ? scratch.text() : text;
  }

  characterKey(codePoint: number): string {
    return String.fromCodePoint(codePoint);
  }
}

/** Surrogates stand for code points above every other unit. */
function inCodePointOrder(unit: number): number {
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** As `padSpaceKey` ends a key. */
const PLAIN_END = "\u0002";
