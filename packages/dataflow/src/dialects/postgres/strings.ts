import { Poisoned } from "../../contract.ts";

/** Characters as the upstream counts them in UTF-8: code points. */
export function codePointsOf(text: string): string[] {
  return Array.from(text);
}

/** Number of code points, without building them. */
export function codePointCount(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      count -= 1;
      index += 1;
    }
  }
  return count;
}

export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

/** LIKE under a deterministic collation (like_match.c): `%`, `_`, backslash escapes. */
export function likeMatches(text: string, pattern: string): boolean {
  return matcherOf(pattern)(text);
}

let lastPattern: string | null = null;
let lastMatcher: (text: string) => boolean = () => false;

/** One compiled pattern is kept: patterns are nearly always constant through a scan. */
function matcherOf(pattern: string): (text: string) => boolean {
  if (pattern === lastPattern) return lastMatcher;
  let source = "";
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index]!;
    if (character === "%") source += "[^]*";
    else if (character === "_") source += "[^]";
    else if (character === "\\") {
      index += 1;
      if (index === pattern.length) {
        throw new Poisoned("LIKE pattern must not end with escape character");
      }
      // An escaped character may be a surrogate pair; its second half follows by itself.
      source += escapeUnit(pattern[index]!);
    } else source += escapeUnit(character);
  }
  const expression = new RegExp(`^${source}$`, "u");
  lastPattern = pattern;
  lastMatcher = (text) => expression.test(text);
  return lastMatcher;
}

function escapeUnit(unit: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(unit) ? `\\${unit}` : unit;
}
