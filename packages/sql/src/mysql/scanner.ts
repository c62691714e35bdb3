/**
 * Cuts a MySQL or MariaDB statement into tokens exactly as the servers' own scanner does
 * (sql/sql_lex.cc), one token at a time and without allocating.
 *
 * The text is a byte string in a character set whose multi-byte sequences hold no ASCII, as
 * UTF-8 has none. Where the servers disagree or a text is very unusual (`\N`, `1.5abc`, `$a`,
 * NUL), and in executable comments, which are code, the answer is `T_ERROR`: such a statement is
 * forwarded and never interpreted.
 */
import type { LexerSettings } from "../shape.ts";
import {
  C_DIGIT,
  C_DOUBLE_QUOTE,
  C_LETTER,
  C_OPERATOR,
  C_OWN,
  C_PUNCTUATION,
  C_QUOTE,
  C_SPACE,
  CONTINUES,
  ScannerBase,
  byteClasses,
} from "../scanner-base.ts";
import {
  T_ASSIGN,
  T_DECIMAL,
  T_DOT,
  T_END,
  T_ERROR,
  T_ESCAPED,
  T_INTEGER,
  T_OPERATOR,
  T_PARAM,
  T_STRING,
  T_VARIABLE,
  T_VERBATIM,
  T_WORD,
} from "../tokens.ts";

export * from "../tokens.ts";

const C_BACKTICK = C_OWN;
const C_AT = C_OWN + 1;
const C_PARAM = C_OWN + 2;

const CLASS = byteClasses(" \t\n\v\f\r", "~!^&|+-*/%<>=:{}", ",().;", {
  "`": C_BACKTICK,
  "@": C_AT,
  "?": C_PARAM,
});

/** Operators of several characters, longest first. */
const LONG_OPERATORS: readonly string[] = [
  "<=>",
  "->>",
  ..."<= <> << >= >> != && || ->".split(" "),
];
const COMPARES = "<>=!";

/** `special`: a string with a quote or backslash that is not its content's. */
export class Scanner extends ScannerBase {
  /** A comment stood before the current token. */
  commented = false;
  /** A hint to the optimizer, which may even set variables, has been passed. */
  hinted = false;

  #escapes = true;
  #ansiQuotes = false;
  #unreadable = false;

  reset(text: string, settings: LexerSettings): void {
    this.begin(text);
    this.#escapes = settings.backslashEscapes;
    this.#ansiQuotes = settings.ansiQuotes;
    this.#unreadable = text.includes("\0");
    this.commented = false;
    this.hinted = false;
  }

  override next(): number {
    const text = this.text;
    this.commented = false;
    if (this.#unreadable) return T_ERROR;
    const at = this.#skipBlank(this.end);
    if (at < 0) return T_ERROR;
    const touching = at === this.end && at > 0;
    this.start = at;
    this.end = at;
    if (at >= this.length) return T_END;
    this.special = false;
    const code = text.charCodeAt(at);
    switch (CLASS[code]) {
      case C_LETTER:
        return this.#word(at, code);
      case C_DIGIT:
        return this.#number(at);
      case C_PUNCTUATION:
        return this.#punctuation(at, code, touching);
      case C_OPERATOR:
        return this.#operator(at, code);
      case C_QUOTE:
        return this.#string(at, 39);
      case C_DOUBLE_QUOTE:
        return this.#ansiQuotes ? this.quotedIdentifier(at + 1, code) : this.#string(at, 34);
      case C_BACKTICK:
        return this.quotedIdentifier(at + 1, code);
      case C_AT:
        return this.#variable(at);
      case C_PARAM:
        this.end = at + 1;
        return T_PARAM;
      default:
        return T_ERROR;
    }
  }

  /** Past white space and comments; -1 for a comment without end or one that is code. */
  #skipBlank(from: number): number {
    const text = this.text;
    const length = this.length;
    let at = from;
    while (at < length) {
      const code = text.charCodeAt(at);
      if (CLASS[code] === C_SPACE) {
        at++;
      } else if (code === 35 || (code === 45 && this.#isDashComment(at))) {
        this.commented = true;
        const end = text.indexOf("\n", at);
        at = end < 0 ? length : end + 1;
      } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
        const end = this.#commentEnd(at);
        if (end < 0) return -1;
        this.commented = true;
        at = end;
      } else {
        break;
      }
    }
    return at;
  }

  /** `--` begins a comment only before white space, a control character or the end. */
  #isDashComment(at: number): boolean {
    if (this.text.charCodeAt(at + 1) !== 45) return false;
    if (at + 2 >= this.length) return true;
    const following = this.text.charCodeAt(at + 2);
    return following <= 32 || following === 127;
  }

  /** After the comment that begins at `from`; they do not nest. */
  #commentEnd(from: number): number {
    const text = this.text;
    const first = text.charCodeAt(from + 2);
    if (first === 33 || (first === 77 && text.charCodeAt(from + 3) === 33)) return -1;
    const close = text.indexOf("*/", from + 2);
    if (close < 0) return -1;
    if (first === 43) this.hinted = true;
    this.passed(from, close + 2);
    return close + 2;
  }

  #word(from: number, first: number): number {
    const text = this.text;
    if (text.charCodeAt(from + 1) === 39) {
      const letter = first | 32;
      if (letter === 110) {
        const kind = this.#string(from + 1, 39);
        this.start = from;
        return kind === T_ERROR ? T_ERROR : T_VERBATIM;
      }
      if (letter === 98 || letter === 120) return this.#digitString(from, letter === 120);
    }
    this.endIdentifier(from + 1);
    return T_WORD;
  }

  /** `X'…'` or `B'…'`. */
  #digitString(from: number, hexadecimal: boolean): number {
    const close = this.text.indexOf("'", from + 2);
    if (close < 0) return T_ERROR;
    const digits = this.text.slice(from + 2, close);
    const valid = hexadecimal ? /^(?:[0-9a-fA-F]{2})*$/.test(digits) : /^[01]*$/.test(digits);
    if (!valid) return T_ERROR;
    this.end = close + 1;
    return T_VERBATIM;
  }

  #string(from: number, quote: number): number {
    const text = this.text;
    const length = this.length;
    const escapes = this.#escapes;
    let at = from + 1;
    let bits = 0;
    for (;;) {
      if (at >= length) return T_ERROR;
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (text.charCodeAt(at + 1) !== quote) break;
        this.special = true;
        at += 2;
      } else if (code === 92 && escapes) {
        this.special = true;
        bits |= text.charCodeAt(at + 1);
        at += 2;
      } else {
        bits |= code;
        at++;
      }
    }
    this.end = at + 1;
    this.highBytes = bits > 127;
    return escapes ? T_ESCAPED : T_STRING;
  }

  /** `@name`, `@@name` (a dotted name goes on in further tokens), or `@` before something else. */
  #variable(from: number): number {
    const at = from + (this.text.charCodeAt(from + 1) === 64 ? 2 : 1);
    this.endIdentifier(at);
    return T_VARIABLE;
  }

  #punctuation(from: number, code: number, touching: boolean): number {
    if (code === T_DOT) {
      const digit = CLASS[this.text.charCodeAt(from + 1)] === C_DIGIT;
      // After a name a dot joins; names may begin with digits.
      const before = touching ? this.text.charCodeAt(from - 1) : 0;
      const joins = CONTINUES[before] === 1 || before === 96 || before === 34;
      if (digit) return joins ? T_ERROR : this.#number(from);
    }
    this.end = from + 1;
    return code;
  }

  #operator(from: number, code: number): number {
    const text = this.text;
    if (code === 58) {
      if (text.charCodeAt(from + 1) !== 61) return T_ERROR;
      this.end = from + 2;
      return T_ASSIGN;
    }
    for (const operator of LONG_OPERATORS) {
      if (text.startsWith(operator, from)) {
        this.end = from + operator.length;
        // `<=-1` is two tokens, `<==` none at all.
        if (COMPARES.includes(text.charAt(this.end)) && this.end < this.length) {
          return COMPARES.includes(operator.charAt(0)) ? T_ERROR : T_OPERATOR;
        }
        return T_OPERATOR;
      }
    }
    this.end = from + 1;
    if (COMPARES.includes(text.charAt(from)) && this.end < this.length) {
      const following = text.charAt(this.end);
      if (COMPARES.includes(following) && !(code === 61 && following === "!")) return T_ERROR;
    }
    return T_OPERATOR;
  }

  #number(from: number): number {
    const text = this.text;
    let at = from;
    if (text.charCodeAt(from) !== T_DOT) {
      if (text.charCodeAt(from) === 48) {
        const radix = text.charCodeAt(from + 1);
        if (radix === 120 || radix === 98) return this.#radixNumber(from, radix === 120);
      }
      at = this.digitsEnd(at);
      if (CONTINUES[text.charCodeAt(at)] === 1 && at < this.length) return this.#exponent(at);
      if (text.charCodeAt(at) !== T_DOT) {
        this.end = at;
        return T_INTEGER;
      }
    }
    at = this.digitsEnd(at + 1);
    if ((text.charCodeAt(at) | 32) === 101) return this.#exponent(at);
    if (at < this.length && CONTINUES[text.charCodeAt(at)] === 1) return T_ERROR;
    if (text.charCodeAt(at) === T_DOT) return T_ERROR;
    this.end = at;
    return T_DECIMAL;
  }

  /** Digits end at `from` in something else: an exponent, or it is a name that begins so. */
  #exponent(from: number): number {
    const text = this.text;
    if ((text.charCodeAt(from) | 32) === 101) {
      const sign = text.charCodeAt(from + 1);
      const signed = sign === 43 || sign === 45;
      const digits = from + (signed ? 2 : 1);
      if (CLASS[text.charCodeAt(digits)] === C_DIGIT) {
        this.end = this.digitsEnd(digits);
        const following = text.charCodeAt(this.end);
        if (this.end < this.length && (CONTINUES[following] === 1 || following === T_DOT)) {
          return T_ERROR;
        }
        return T_DECIMAL;
      }
      if (signed) return T_ERROR;
    }
    // `1.5abc` is a number and an alias to the servers, `1abc` a name.
    if (text.lastIndexOf(".", from) >= this.start) return T_ERROR;
    this.endIdentifier(from);
    return T_WORD;
  }

  /** `0x1F` or `0b01`; in upper case (`0X1F`) it is a name. */
  #radixNumber(from: number, hexadecimal: boolean): number {
    const text = this.text;
    let at = from + 2;
    const pattern = hexadecimal ? HEX_DIGIT : BINARY_DIGIT;
    while (pattern[text.charCodeAt(at)] === 1) at++;
    if (at > from + 2 && (at >= this.length || CONTINUES[text.charCodeAt(at)] !== 1)) {
      this.end = at;
      return T_VERBATIM;
    }
    this.endIdentifier(from);
    return T_WORD;
  }
}

const HEX_DIGIT = new Uint8Array(256);
for (const char of "0123456789abcdefABCDEF") HEX_DIGIT[char.charCodeAt(0)] = 1;
const BINARY_DIGIT = new Uint8Array(256);
for (const char of "01") BINARY_DIGIT[char.charCodeAt(0)] = 1;
