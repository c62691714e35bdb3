import { collatorOf } from "@freshet/types";
import type { Collation } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import { Poisoned } from "../../contract.ts";
import { matchParts } from "../like-parts.ts";
import type { Part } from "../like-parts.ts";

type Key = string | number;

/** LIKE compares character by character, by what each is under the collation alone. */
export function likeUnder(collation: Collation): (text: string, pattern: string) => boolean {
  const collator = collatorOf(collation.name);
  if (collator === null) throw new InvariantError(`collation ${collation.name} is not known`);
  // These have one weight for all characters past U+FFFF; LIKE then goes by the character.
  const exact = /_unicode_(nopad_)?ci$/.test(collation.name);
  const keyOf = (point: string): Key => {
    const code = point.codePointAt(0)!;
    return exact && code > 0xffff ? code : collator.characterKey(code);
  };
  const keys = (text: string): Key[] => Array.from(text, keyOf);
  let lastPattern: string | null = null;
  let lastParts: readonly Part[] = [];
  return (text, pattern) => {
    if (pattern !== lastPattern) {
      // Whether it escapes depends on NO_BACKSLASH_ESCAPES.
      if (pattern.includes("\\")) throw new Poisoned("LIKE with a backslash in the pattern");
      lastParts = pattern.split("%").map((part) => partOf(part, keys));
      lastPattern = pattern;
    }
    return matchParts(keys(text), lastParts);
  };
}

function partOf(text: string, keys: (text: string) => Key[]): Part {
  const points = Array.from(text);
  const compared = keys(text);
  return points.map((point, index) => (point === "_" ? null : compared[index]!));
}

/** SUBSTRING by characters: from 1, negative from the end; nothing at 0. */
export function substring(text: string, from: number, count: number): string {
  const points = Array.from(text);
  const start = from > 0 ? from - 1 : points.length + from;
  if (from === 0 || start < 0 || count <= 0) return "";
  return points.slice(start, start + count).join("");
}
