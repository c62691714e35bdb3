/**
 * One text for values that some collation of ours takes as equal, and one for both zeros. Coarser
 * than any of them: rows that are only thus alike pass for each other where equal values may
 * show as different texts.
 */
export function loosened(value: string): string {
  if (value === "-0" || value === ZERO || value === FLOAT_ZERO) return "0";
  if (value === NEGATIVE_ZERO || value === NEGATIVE_FLOAT_ZERO) return "0";
  return Buffer.from(value, "latin1")
    .toString("utf8")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[\u{10000}-\u{10ffff}]/gu, "\u{fffd}")
    .toLowerCase()
    .replaceAll(/\p{M}|[\u0001-\u0008]/gu, "")
    .replaceAll("ß", "s")
    .replaceAll("ss", "s")
    .replaceAll("ı", "i")
    .trimEnd();
}

const ZERO = "\0".repeat(8);
const NEGATIVE_ZERO = `${"\0".repeat(7)}\x80`;
const FLOAT_ZERO = "\0".repeat(4);
const NEGATIVE_FLOAT_ZERO = `${"\0".repeat(3)}\x80`;
