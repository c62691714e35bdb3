/** What the scanners of the dialects share: the place in the text, and how names are spelt. */
import { T_ERROR, T_QUOTED, type TokenScanner } from "./tokens.ts";

/** Classes of bytes; those from `C_OWN` on are the dialect's. */
export const C_SPACE = 1;
export const C_LETTER = 2;
export const C_DIGIT = 3;
export const C_OPERATOR = 4;
export const C_PUNCTUATION = 5;
export const C_QUOTE = 6;
export const C_DOUBLE_QUOTE = 7;
export const C_OWN = 8;

/** The class of every byte, 0 for what begins no token; `own` has a dialect's further ones. */
export function byteClasses(
  blanks: string,
  operators: string,
  punctuation: string,
  own: Readonly<Record<string, number>>,
): Uint8Array {
  const classes = new Uint8Array(256);
  for (const char of blanks) classes[char.charCodeAt(0)] = C_SPACE;
  for (let code = 0; code < 26; code++) classes[65 + code] = classes[97 + code] = C_LETTER;
  for (let code = 128; code < 256; code++) classes[code] = C_LETTER;
  classes[95] = C_LETTER;
  for (let code = 48; code < 58; code++) classes[code] = C_DIGIT;
  for (const char of operators) classes[char.charCodeAt(0)] = C_OPERATOR;
  for (const char of punctuation) classes[char.charCodeAt(0)] = C_PUNCTUATION;
  classes[39] = C_QUOTE;
  classes[34] = C_DOUBLE_QUOTE;
  for (const [char, kind] of Object.entries(own)) classes[char.charCodeAt(0)] = kind;
  return classes;
}

/** 1 for what may continue an identifier: letters, digits and the dollar sign. */
export const CONTINUES: Uint8Array = byteClasses("", "", "", {}).map((kind, code) =>
  kind === C_LETTER || kind === C_DIGIT || code === 36 ? 1 : 0,
);

const SKIP_HINT = /^\/\*\s*(?:rs|freshet)\+\s*skip\s+cache\s*\*\/$/i;
/** Longer comments are not looked into. */
const LONGEST_HINT = 81;

export abstract class ScannerBase implements TokenScanner {
  /** Of the token last returned by `next`: its bytes are `text[start, end)`. */
  start = 0;
  end = 0;
  /** The token's content is not simply what is written: see the dialects. */
  special = false;
  /** A string with bytes beyond ASCII. */
  highBytes = false;
  /** The hint comment that asks for no cache has been passed. */
  skipCache = false;

  protected text = "";
  protected length = 0;

  abstract next(): number;

  protected begin(text: string): void {
    this.text = text;
    this.length = text.length;
    this.start = 0;
    this.end = 0;
    this.special = false;
    this.skipCache = false;
  }

  /** A comment of these bytes was passed. */
  protected passed(from: number, to: number): void {
    if (this.skipCache || to - from > LONGEST_HINT) return;
    this.skipCache = SKIP_HINT.test(this.text.slice(from, to));
  }

  /** The token ends where an identifier that has come to `from` does. */
  protected endIdentifier(from: number): void {
    const { text, length } = this;
    let at = from;
    while (at < length && CONTINUES[text.charCodeAt(at)] === 1) at++;
    this.end = at;
  }

  /** An identifier whose content begins at `content` and ends before `quote`. */
  protected quotedIdentifier(content: number, quote: number): number {
    const { text, length } = this;
    let at = content;
    for (;;) {
      if (at >= length) return T_ERROR;
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (text.charCodeAt(at + 1) !== quote) break;
        at++;
      } else if (code === 0) {
        return T_ERROR;
      }
      at++;
    }
    if (at === content) return T_ERROR;
    this.end = at + 1;
    return T_QUOTED;
  }

  /** Past the digits at `from`. */
  protected digitsEnd(from: number): number {
    const { text } = this;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (!(code >= 48 && code <= 57)) return at;
      at++;
    }
  }
}
