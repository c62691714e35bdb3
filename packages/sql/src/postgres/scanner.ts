/**
 * Cuts a Postgres statement into tokens exactly as the server's own scanner does
 * (src/backend/parser/scan.l), one token at a time and without allocating.
 *
 * The text is a byte string. Where versions 13 to 18 of the server disagree (a vertical tab as
 * white space, letters straight after a number), the answer is `T_ERROR`: such a statement is
 * forwarded and never interpreted.
 */

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
  T_COLON,
  T_DECIMAL,
  T_DOT,
  T_DOT_DOT,
  T_END,
  T_ERROR,
  T_ESCAPED,
  T_INTEGER,
  T_OPERATOR,
  T_PARAM,
  T_STRING,
  T_TYPECAST,
  T_VERBATIM,
  T_WORD,
} from "../tokens.ts";

export * from "../tokens.ts";

const C_DOLLAR = C_OWN;

const CLASS = byteClasses(" \t\n\r\f", "~!@#^&|`?+-*/%<>=", ",()[].;:", { $: C_DOLLAR });

/** Operators that may end in + or - contain one of these (scan.l, rule `operator`). */
const KEEPS_SIGN = "~!@#^&|`?%";
/** NAMEDATALEN: an operator this long is an error in the server. */
const OPERATOR_LIMIT = 64;

/** `special`: a string in several parts, or a number with `_`, `0x`, `0o` or `0b`. */
export class Scanner extends ScannerBase {
  #conforming = true;

  reset(text: string, standardConformingStrings: boolean): void {
    this.begin(text);
    this.#conforming = standardConformingStrings;
  }

  override next(): number {
    const text = this.text;
    const at = this.#skipBlank(this.end);
    if (at < 0) return T_ERROR;
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
        return this.#punctuation(at, code);
      case C_OPERATOR:
        return this.#operator(at);
      case C_QUOTE:
        return this.#string(at, at + 1, this.#conforming ? T_STRING : T_ESCAPED);
      case C_DOUBLE_QUOTE:
        return this.quotedIdentifier(at + 1, code);
      case C_DOLLAR:
        return this.#dollar(at);
      default:
        return T_ERROR;
    }
  }

  /** Whether the next token is `::`; does not move. */
  castFollows(): boolean {
    const at = this.#skipBlank(this.end);
    return at >= 0 && this.text.startsWith("::", at);
  }

  /** Past white space and comments; -1 for a comment without end. */
  #skipBlank(from: number): number {
    const text = this.text;
    const length = this.length;
    let at = from;
    while (at < length) {
      const code = text.charCodeAt(at);
      if (CLASS[code] === C_SPACE) {
        at++;
      } else if (code === 45 && text.charCodeAt(at + 1) === 45) {
        at = this.#lineEnd(at + 2);
      } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
        const end = this.#commentEnd(at);
        if (end < 0) return -1;
        this.passed(at, end);
        at = end;
      } else {
        break;
      }
    }
    return at;
  }

  #lineEnd(from: number): number {
    let at = from;
    while (at < this.length) {
      const code = this.text.charCodeAt(at);
      if (code === 10 || code === 13) break;
      // The server never sees what follows a NUL.
      if (code === 0) return at;
      at++;
    }
    return at;
  }

  /** After the comment that begins at `from`; they nest. */
  #commentEnd(from: number): number {
    const text = this.text;
    let depth = 1;
    let at = from + 2;
    while (at < this.length) {
      const code = text.charCodeAt(at);
      if (code === 42 && text.charCodeAt(at + 1) === 47) {
        at += 2;
        if (--depth === 0) return at;
      } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
        depth++;
        at += 2;
      } else if (code === 0) {
        return -1;
      } else {
        at++;
      }
    }
    return -1;
  }

  #word(from: number, first: number): number {
    const text = this.text;
    const following = text.charCodeAt(from + 1);
    if (following === 39) {
      const letter = first | 32;
      if (letter === 101) return this.#string(from, from + 2, T_ESCAPED);
      if (letter === 98 || letter === 120 || letter === 110) {
        // N'…' is a string like any other; in B'…' and X'…' the next quote always ends it.
        if (letter === 110) return this.#verbatim(from, from + 2, !this.#conforming);
        const end = text.indexOf("'", from + 2);
        if (end < 0) return T_ERROR;
        const kind = this.#verbatim(from, from + 2, false);
        // There a doubled quote ends one token and begins another.
        return text.slice(from + 2, this.end - 1).includes("''") ? T_ERROR : kind;
      }
    } else if (following === 38 && (first | 32) === 117) {
      const quote = text.charCodeAt(from + 2);
      // With standard_conforming_strings off the server refuses these outright.
      if (quote === 39) return this.#conforming ? this.#verbatim(from, from + 3, false) : T_ERROR;
      if (quote === 34) return this.quotedIdentifier(from + 3, quote);
    }
    this.endIdentifier(from + 1);
    return T_WORD;
  }

  #verbatim(from: number, content: number, escapes: boolean): number {
    const kind = this.#string(from, content, escapes ? T_ESCAPED : T_STRING);
    return kind === T_ERROR ? T_ERROR : T_VERBATIM;
  }

  /** A string whose content begins at `content`, with its continuations on later lines. */
  #string(from: number, content: number, kind: number): number {
    const text = this.text;
    const length = this.length;
    let at = content;
    let bits = 0;
    this.start = from;
    for (;;) {
      if (at >= length) return T_ERROR;
      const code = text.charCodeAt(at);
      if (code === 39) {
        if (text.charCodeAt(at + 1) === 39) {
          this.special = true;
          at += 2;
          continue;
        }
        const next = this.#continuation(at + 1);
        if (next < 0) {
          this.end = at + 1;
          this.highBytes = bits > 127;
          return kind;
        }
        this.special = true;
        at = next;
      } else if (code === 92 && kind === T_ESCAPED) {
        const escaped = text.charCodeAt(at + 1);
        if (escaped === 0) return T_ERROR;
        bits |= escaped;
        at += 2;
      } else if (code === 0) {
        return T_ERROR;
      } else {
        bits |= code;
        at++;
      }
    }
  }

  /** Where the next part's content begins, if white space with a newline and a quote follow. */
  #continuation(from: number): number {
    const text = this.text;
    let newline = false;
    let at = from;
    while (at < this.length) {
      const code = text.charCodeAt(at);
      if (code === 10 || code === 13) newline = true;
      else if (code === 45 && text.charCodeAt(at + 1) === 45) {
        at = this.#lineEnd(at + 2);
        continue;
      } else if (CLASS[code] !== C_SPACE) break;
      at++;
    }
    return newline && text.charCodeAt(at) === 39 ? at + 1 : -1;
  }

  /** `$1`, `$$…$$` or `$tag$…$tag$`. */
  #dollar(from: number): number {
    const text = this.text;
    let at = from + 1;
    if (CLASS[text.charCodeAt(at)] === C_DIGIT) {
      at = this.digitsEnd(at);
      if (at < this.length && CLASS[text.charCodeAt(at)] === C_LETTER) return T_ERROR;
      this.end = at;
      const index = Number(text.slice(from + 1, at));
      return index >= 1 && index <= 65535 ? T_PARAM : T_ERROR;
    }
    while (at < this.length && text.charCodeAt(at) !== 36) {
      if (CONTINUES[text.charCodeAt(at)] !== 1) return T_ERROR;
      at++;
    }
    if (at >= this.length) return T_ERROR;
    const tag = text.slice(from, at + 1);
    const end = text.indexOf(tag, at + 1);
    if (end < 0) return T_ERROR;
    const nul = text.indexOf("\0", at);
    if (nul >= 0 && nul < end) return T_ERROR;
    this.end = end + tag.length;
    return T_VERBATIM;
  }

  #punctuation(from: number, code: number): number {
    const following = this.text.charCodeAt(from + 1);
    if (code === T_DOT) {
      if (CLASS[following] === C_DIGIT) return this.#number(from);
      if (following === T_DOT) {
        this.end = from + 2;
        return T_DOT_DOT;
      }
    } else if (code === T_COLON) {
      if (following === 58 || following === 61) {
        this.end = from + 2;
        return following === 58 ? T_TYPECAST : T_ASSIGN;
      }
    }
    this.end = from + 1;
    return code;
  }

  #operator(from: number): number {
    const text = this.text;
    let at = from;
    while (at < this.length && CLASS[text.charCodeAt(at)] === C_OPERATOR) {
      const code = text.charCodeAt(at);
      const following = text.charCodeAt(at + 1);
      if ((code === 45 && following === 45) || (code === 47 && following === 42)) break;
      at++;
    }
    if (at - from > 1) at = this.#withoutTrailingSigns(from, at);
    if (at - from >= OPERATOR_LIMIT) return T_ERROR;
    this.end = at;
    return T_OPERATOR;
  }

  #withoutTrailingSigns(from: number, to: number): number {
    const text = this.text;
    const last = text.charCodeAt(to - 1);
    if (last !== 43 && last !== 45) return to;
    for (let at = from; at < to - 1; at++) {
      if (KEEPS_SIGN.includes(text.charAt(at))) return to;
    }
    let at = to;
    do at--;
    while (at - from > 1 && (text.charCodeAt(at - 1) === 43 || text.charCodeAt(at - 1) === 45));
    return at;
  }

  #number(from: number): number {
    const text = this.text;
    let kind = T_INTEGER;
    let at = from;
    if (text.charCodeAt(at) === 48) {
      const radix = radixOf(text.charCodeAt(at + 1) | 32);
      if (radix > 0) return this.#radixInteger(from, radix);
    }
    if (text.charCodeAt(at) !== T_DOT) at = this.#digits(at);
    if (text.charCodeAt(at) === T_DOT && text.charCodeAt(at + 1) !== T_DOT) {
      kind = T_DECIMAL;
      at++;
      if (CLASS[text.charCodeAt(at)] === C_DIGIT) at = this.#digits(at);
    }
    if ((text.charCodeAt(at) | 32) === 101) {
      let exponent = at + 1;
      const sign = text.charCodeAt(exponent);
      if (sign === 43 || sign === 45) exponent++;
      if (CLASS[text.charCodeAt(exponent)] !== C_DIGIT) return T_ERROR;
      kind = T_DECIMAL;
      at = this.#digits(exponent);
    }
    // Letters straight after: an error since version 15, a new token before.
    if (at < this.length && CLASS[text.charCodeAt(at)] === C_LETTER) return T_ERROR;
    this.end = at;
    return kind;
  }

  /** Past digits with single underscores between them. */
  #digits(from: number): number {
    const text = this.text;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (CLASS[code] === C_DIGIT) at++;
      else if (code === 95 && CLASS[text.charCodeAt(at + 1)] === C_DIGIT) {
        this.special = true;
        at++;
      } else return at;
    }
  }

  #radixInteger(from: number, radix: number): number {
    const text = this.text;
    let at = from + 2;
    const first = at;
    for (;;) {
      if (text.charCodeAt(at) === 95) at++;
      const value = digitValue(text.charCodeAt(at));
      if (value < 0 || value >= radix) break;
      at++;
    }
    if (at === first || (at < this.length && CONTINUES[text.charCodeAt(at)] === 1)) return T_ERROR;
    if (text.charCodeAt(at - 1) === 95) return T_ERROR;
    this.special = true;
    this.end = at;
    return T_INTEGER;
  }
}

function radixOf(letter: number): number {
  if (letter === 120) return 16;
  if (letter === 111) return 8;
  return letter === 98 ? 2 : 0;
}

function digitValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
