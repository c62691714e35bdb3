import { collationOf } from "../collations.ts";
import { BinlogError } from "./binlog-error.ts";

/** Character sets whose text can be turned into Unicode exactly. */
export type TextCharset = "utf8mb4" | "utf8mb3" | "latin1" | "ascii";

/** Bytes of the longest character. */
export const CHARSET_MAX_BYTES: Readonly<Record<TextCharset | "binary", number>> = {
  utf8mb4: 4,
  utf8mb3: 3,
  latin1: 1,
  ascii: 1,
  binary: 1,
};

/** MariaDB's UCA 14.0.0 collations: 256 for each character set, in this order. */
const MARIADB_UCA1400 = 2048;

/**
 * The character set of a collation's number: null for a number that is not known, "other" for
 * one whose text cannot be read.
 */
export function charsetOfCollation(id: number): TextCharset | "binary" | "other" | null {
  const entry = collationOf(id);
  if (entry !== undefined) return charsetNamed(entry.charset) ?? "other";
  if (id < MARIADB_UCA1400) return null;
  const group = (id - MARIADB_UCA1400) >> 8;
  return group === 0 ? "utf8mb3" : group === 1 ? "utf8mb4" : "other";
}

/** The character set of a collation's name, e.g. `utf8mb4_0900_ai_ci`; null when not one of ours. */
export function charsetOfCollationName(name: string): TextCharset | "binary" | null {
  const at = name.indexOf("_");
  return charsetNamed(at === -1 ? name : name.slice(0, at));
}

function charsetNamed(name: string): TextCharset | "binary" | null {
  switch (name) {
    case "utf8":
      return "utf8mb3";
    case "utf8mb4":
    case "utf8mb3":
    case "latin1":
    case "ascii":
    case "binary":
      return name;
    default:
      return null;
  }
}

export type DecodeText = (bytes: Buffer, start: number, end: number) => string;

export function textDecoderOf(charset: TextCharset): DecodeText {
  switch (charset) {
    case "utf8mb4":
    case "utf8mb3":
      return decodeUtf8;
    case "latin1":
      return decodeLatin1;
    case "ascii":
      return decodeAscii;
  }
}

interface Sliceable {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

const REPLACEMENT = "\uFFFD";

function decodeUtf8(bytes: Buffer, start: number, end: number): string {
  if (start === end) return "";
  const text = (bytes as unknown as Sliceable).utf8Slice(start, end);
  // Lone surrogates can be stored; they have no text of their own, and two must not become one.
  if (text.includes(REPLACEMENT) && !Buffer.from(text).equals(bytes.subarray(start, end))) {
    throw new BinlogError("unrepresentable", "a stored text is not valid UTF-8");
  }
  return text;
}

function decodeAscii(bytes: Buffer, start: number, end: number): string {
  return start === end ? "" : (bytes as unknown as Sliceable).latin1Slice(start, end);
}

/** MySQL's latin1 is cp1252, with the five bytes unused there as C1 controls. */
const CP1252_HIGH =
  "\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F" +
  "\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178";

const HIGH_CONTROLS = /[\x80-\x9f]/g;

function decodeLatin1(bytes: Buffer, start: number, end: number): string {
  if (start === end) return "";
  const text = (bytes as unknown as Sliceable).latin1Slice(start, end);
  return text.replace(HIGH_CONTROLS, (c) => CP1252_HIGH[c.charCodeAt(0) - 0x80] as string);
}
