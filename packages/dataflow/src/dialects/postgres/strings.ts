import { Poisoned } from "../../contract.ts";
import { matchParts } from "../like-parts.ts";
import type { Part } from "../like-parts.ts";

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
  if (pattern !== lastPattern) {
    lastParts = parsePattern(pattern);
    lastPattern = pattern;
  }
  return matchParts(codePointsOf(text), lastParts);
}

let lastPattern: string | null = null;
/** One parsed pattern is kept: patterns are nearly always constant through a scan. */
let lastParts: readonly Part[] = [];

function parsePattern(pattern: string): readonly Part[] {
  const parts: (string | null)[][] = [[]];
  const points = codePointsOf(pattern);
  for (let index = 0; index < points.length; index += 1) {
    let point: string | null = points[index]!;
    if (point === "%") {
      parts.push([]);
      continue;
    }
    if (point === "_") point = null;
    else if (point === "\\") {
      index += 1;
      if (index === points.length) {
        throw new Poisoned("LIKE pattern must not end with escape character");
      }
      point = points[index]!;
    }
    parts.at(-1)!.push(point);
  }
  return parts;
}

/** The same pattern escaped by backslashes (like_escape.c); an empty escape escapes nothing. */
export function withBackslashes(pattern: string, escape: string): string {
  const marks = codePointsOf(escape);
  if (marks.length > 1) throw new Poisoned("invalid escape string");
  if (escape === "\\") return pattern;
  let escaped = "";
  let after = false;
  for (const point of codePointsOf(pattern)) {
    if (point === escape && !after) {
      escaped += "\\";
      after = true;
      continue;
    }
    if (point === "\\" && !after) escaped += "\\";
    escaped += point;
    after = false;
  }
  return escaped;
}
