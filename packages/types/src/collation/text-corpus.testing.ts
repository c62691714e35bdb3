import { seededRandom } from "../postgres/value-corpus.testing.ts";

/** Texts on which collations differ, and random ones near each other. For tests only. */

export type Repertoire = "utf8mb4" | "utf8mb3" | "latin1" | "ascii";

const ASCII = ["a", "b", "A", "B", "z", "Z", "0", "9", "_", "-", "[", "{", "~", ".", "'", "\\"];
const LOW = [" ", " ", " ", "\t", "\n", "\0", "\u0001", "\u0002", "\u001f", "\u007f"];
const LATIN = ["é", "É", "e", "ß", "s", "ü", "Ü", "ö", "å", "Å", "ä", "æ", "Æ", "ÿ", "ø", "þ", "Þ"];
const LATIN_MORE = ["€", "Š", "š", "ž", "Œ", "œ", "…", "\u00a0", "\u00ad", "\u0081", "¿", "µ"];
const WIDE = [
  ...["İ", "ı", "ŉ", "ǰ", "ẞ", "ﬁ", "ﷺ", "Ω", "ω", "ς", "σ", "Я", "я", "ё", "Ё", "\u0301"],
  ...["\u0308", "\u0345", "\u200b", "\u200d", "\u2003", "\u3000", "\u2028", "\ufeff", "\ufffd"],
  ...["\uffff", "\ue000", "가", "각", "\u1100", "\u1161", "\u11a8", "中", "一", "龥", "㐀", "あ"],
  ...["ア", "ｱ", "ア\u3099", "ー", "เ", "ก", "\u0e40", "\u0f71", "\u0f72", "\u0fb2", "\u0dd9"],
  ...["\u0dca", "\u09c7", "\u09be", "ａ", "Ａ", "①", "²", "½", "ℌ", "Å"],
];
const SUPPLEMENTARY = ["😀", "😁", "𠀀", "𐐀", "𐐨", "𝐀", "𝐚", "𗀀", "\u{1b170}", "\u{10ffff}"];

const POOLS: Readonly<Record<Repertoire, readonly string[]>> = {
  ascii: [...ASCII, ...LOW],
  latin1: [...ASCII, ...LOW, ...LATIN, ...LATIN_MORE],
  utf8mb3: [...ASCII, ...LOW, ...LATIN, ...LATIN_MORE, ...WIDE],
  utf8mb4: [...ASCII, ...LOW, ...LATIN, ...LATIN_MORE, ...WIDE, ...SUPPLEMENTARY],
};
const LIMITS: Readonly<Record<Repertoire, number>> = {
  ascii: 0x80,
  latin1: 0x100,
  utf8mb3: 0x10000,
  utf8mb4: 0x110000,
};

/** Blocks of 128 in which characters together have weights of their own (UCA 14). */
const CLUSTERED = [0x600, 0x980, 0xb80, 0xc80, 0xd80, 0xdc0, 0xe00, 0xe80, 0xf40, 0xf80, 0x1980];

/** Pairs of texts of which many are equal under some collation, or differ late. */
export function textPairs(repertoire: Repertoire, seed: number, count: number): [string, string][] {
  const random = seededRandom(seed);
  const pool = POOLS[repertoire];
  const pick = (): string => {
    if (random() < 0.8) return pool[Math.floor(random() * pool.length)]!;
    const isWide = repertoire === "utf8mb4" || repertoire === "utf8mb3";
    const block = isWide && random() < 0.5 ? CLUSTERED[Math.floor(random() * CLUSTERED.length)] : 0;
    const code =
      block === 0 || block === undefined
        ? Math.floor(random() * LIMITS[repertoire])
        : block + Math.floor(random() * 128);
    const isControl = repertoire === "latin1" && code >= 0x80 && code < 0xa0;
    if (isControl || (code >= 0xd800 && code <= 0xdfff)) return "x";
    return String.fromCodePoint(code);
  };
  const text = (most: number): string => {
    let made = "";
    for (let left = Math.floor(random() * (most + 1)); left > 0; left -= 1) made += pick();
    return made;
  };
  const pairs: [string, string][] = [];
  while (pairs.length < count) {
    const kind = random();
    const start = text(3);
    const spaces = " ".repeat(Math.floor(random() * 3));
    if (kind < 0.3) pairs.push([start + spaces, start + text(2)]);
    else if (kind < 0.5) pairs.push([start.toUpperCase() + spaces, start.toLowerCase()]);
    else if (kind < 0.7) pairs.push([`${start}${pick()}${spaces}`, `${start}${pick()}`]);
    else if (kind < 0.8) pairs.push([start + pick() + text(2), start + pick() + text(2)]);
    else if (kind < 0.9) pairs.push([`${start}${spaces}${pick()}`, `${start}${pick()}`]);
    else pairs.push([text(6), text(6)]);
  }
  return pairs.map(([a, b]) => [within(a, repertoire), within(b, repertoire)]);
}

/** Case mapping may have left the repertoire. */
function within(text: string, repertoire: Repertoire): string {
  if (repertoire === "utf8mb4" || repertoire === "utf8mb3") return text;
  const pool = POOLS[repertoire];
  return Array.from(text)
    .filter((character) => pool.includes(character) || isPlain(character, repertoire))
    .join("");
}

function isPlain(character: string, repertoire: Repertoire): boolean {
  const code = character.codePointAt(0)!;
  return code < 0x80 || (repertoire === "latin1" && code >= 0xa0 && code < 0x100);
}
