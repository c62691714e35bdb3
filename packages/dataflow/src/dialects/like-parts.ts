/** Text between `%` marks: characters (or what they compare by), null for `_`. */
export type Part = readonly (string | number | null)[];

/** The first part is anchored at the start, the last at the end, the others match leftmost. */
export function matchParts(text: readonly (string | number)[], parts: readonly Part[]): boolean {
  const first = parts[0]!;
  if (!matchesAt(text, 0, first)) return false;
  if (parts.length === 1) return text.length === first.length;
  const last = parts[parts.length - 1]!;
  const end = text.length - last.length;
  let at = first.length;
  for (let index = 1; index < parts.length - 1; index += 1) {
    const part = parts[index]!;
    while (at + part.length <= end && !matchesAt(text, at, part)) at += 1;
    if (at + part.length > end) return false;
    at += part.length;
  }
  return at <= end && matchesAt(text, end, last);
}

function matchesAt(text: readonly (string | number)[], at: number, part: Part): boolean {
  if (at + part.length > text.length) return false;
  for (let index = 0; index < part.length; index += 1) {
    if (part[index] !== null && part[index] !== text[at + index]) return false;
  }
  return true;
}
