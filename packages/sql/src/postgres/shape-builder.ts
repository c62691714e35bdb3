/**
 * Statement text to shape: see `../shape.ts`. One pass over the tokens; the shape's text is
 * written into a scratch buffer and becomes a string once.
 *
 * Two texts with one shape differ at most in white space, comments, letter case of unquoted
 * words and in the content of their slots: the shape's text cut by the scanner again gives the
 * same tokens, since one space stands between any two.
 */
import { isUtf8 } from "node:buffer";

import type { ScalarSlot, Shape } from "../shape.ts";
import { ShapeWriter } from "../shape-writer.ts";
import { integerClass, stringContent } from "./literal.ts";
import {
  Scanner,
  T_CLOSE,
  T_CLOSE_BRACKET,
  T_COMMA,
  T_DECIMAL,
  T_DOT,
  T_END,
  T_ERROR,
  T_ESCAPED,
  T_INTEGER,
  T_OPEN,
  T_OPERATOR,
  T_PARAM,
  T_QUOTED,
  T_SEMICOLON,
  T_STRING,
  T_VERBATIM,
  T_WORD,
} from "./scanner.ts";

/**
 * Reserved words after which a minus can only be a sign. Words that may also name a column
 * (`by`, `escape`, …) are left out: an unfolded sign is always right, a folded one may not be.
 */
const SIGN_FOLLOWS: ReadonlySet<string> = new Set(
  (
    "select where and or not when then else case on having limit offset from for distinct using " +
    "all returning symmetric asymmetric like ilike"
  ).split(" "),
);

export class ShapeBuilder {
  readonly #scanner = new Scanner();
  readonly #writer = new ShapeWriter();
  #text = "";

  /** The token before the current one, and the token before that. */
  #previous = T_SEMICOLON;
  #beforePrevious = T_SEMICOLON;
  /** The previous token is a minus taken for a sign that was not folded. */
  #openSign = false;

  build(text: string, standardConformingStrings: boolean): Shape | null {
    const scanner = this.#scanner;
    scanner.reset(text, standardConformingStrings);
    this.#writer.reset(text);
    this.#text = text;
    this.#previous = T_SEMICOLON;
    this.#beforePrevious = T_SEMICOLON;
    this.#openSign = false;
    for (;;) {
      const kind = scanner.next();
      if (kind === T_END) break;
      if (kind === T_ERROR || !this.#token(kind)) return null;
    }
    return this.#writer.finish();
  }

  /** False when the statement cannot have a shape. */
  #token(kind: number): boolean {
    const scanner = this.#scanner;
    switch (kind) {
      case T_INTEGER:
      case T_DECIMAL:
        return this.#number(kind, scanner.start, false);
      case T_STRING:
      case T_ESCAPED:
        return this.#string(kind);
      case T_PARAM: {
        const index = Number(this.#text.slice(scanner.start + 1, scanner.end)) - 1;
        this.#slot({ kind: "placeholder", index }, scanner.start);
        return true;
      }
      case T_OPERATOR:
        if (
          scanner.end - scanner.start === 1 &&
          this.#text.charCodeAt(scanner.start) === 45 &&
          this.#isSign()
        ) {
          return this.#sign();
        }
        break;
      case T_OPEN: {
        const opens = this.#isAfterIn();
        this.#copy(kind);
        this.#writer.opened(opens);
        return true;
      }
      case T_COMMA:
        this.#copy(kind);
        this.#writer.separated();
        return true;
      case T_CLOSE:
        this.#writer.closing();
        break;
      default:
        break;
    }
    this.#writer.noList();
    this.#copy(kind);
    return true;
  }

  /** Appends the scanner's current token, words in lower case (ASCII only, as the server). */
  #copy(kind: number): void {
    const { start, end } = this.#scanner;
    this.#begin(kind);
    if (kind === T_WORD) this.#writer.copyFolded(start, end);
    else this.#writer.copy(start, end);
  }

  /** Moves on to a token of this kind. */
  #begin(kind: number): void {
    this.#beforePrevious = this.#previous;
    this.#previous = kind;
    this.#openSign = false;
    this.#writer.space();
  }

  #slot(slot: ScalarSlot, start: number): void {
    this.#begin(T_PARAM);
    this.#writer.slot(slot, start, this.#scanner.end);
  }

  #number(kind: number, start: number, negative: boolean): boolean {
    const scanner = this.#scanner;
    const written = this.#text.slice(scanner.start, scanner.end);
    // `1_000` and `0xFF` are numbers since version 16; before, `0xFF` was `0 AS xff`.
    if (scanner.special) return false;
    const literal = kind === T_INTEGER ? integerClass(written, negative) : "decimal";
    this.#slot({ kind: "literal", literal, value: negative ? `-${written}` : written }, start);
    return true;
  }

  #string(kind: number): boolean {
    const { start, end, special, highBytes } = this.#scanner;
    const value =
      kind === T_STRING && !special
        ? this.#text.slice(start + 1, end - 1)
        : stringContent(this.#text.slice(start, end), kind === T_ESCAPED);
    if (value === null) return false;
    // The server refuses what is not UTF-8; decoded leniently it could match a row.
    if (highBytes && !isUtf8(Buffer.from(value, "latin1"))) return false;
    this.#slot({ kind: "literal", literal: "string", value }, start);
    return true;
  }

  /** Whether a minus here can only be a sign. */
  #isSign(): boolean {
    switch (this.#previous) {
      case T_WORD: {
        if (this.#beforePrevious === T_DOT) return false;
        const word = this.#writer.token();
        return SIGN_FOLLOWS.has(word) || (word === "between" && this.#isBetweenOperator());
      }
      case T_OPERATOR:
        // `t.*` is a whole row.
        return !(
          this.#beforePrevious === T_DOT && this.#writer.byteAt(this.#writer.tokenStart) === 42
        );
      case T_QUOTED:
      case T_PARAM:
      case T_VERBATIM:
      case T_CLOSE:
      case T_CLOSE_BRACKET:
      case T_DOT:
        return false;
      default:
        return true;
    }
  }

  /** BETWEEN may name a column, but not after an operand. */
  #isBetweenOperator(): boolean {
    if (this.#beforePrevious !== T_WORD) {
      return (
        this.#beforePrevious === T_PARAM ||
        this.#beforePrevious === T_QUOTED ||
        this.#beforePrevious === T_CLOSE ||
        this.#beforePrevious === T_CLOSE_BRACKET ||
        this.#beforePrevious === T_VERBATIM
      );
    }
    const word = this.#writer.tokenBefore();
    return word === "not" || !SIGN_FOLLOWS.has(word);
  }

  /**
   * A sign: folded into the number after it, as the grammar does (doNegate in gram.y), unless a
   * cast binds the number first.
   */
  #sign(): boolean {
    const scanner = this.#scanner;
    const { start, end } = scanner;
    const afterSign = this.#openSign;
    const kind = scanner.next();
    if (kind === T_ERROR) return false;
    if ((kind === T_INTEGER || kind === T_DECIMAL) && !scanner.castFollows()) {
      // `- -5` is one constant to the grammar; too rare to follow.
      return !afterSign && this.#number(kind, start, true);
    }
    scanner.start = start;
    scanner.end = end;
    this.#writer.noList();
    this.#copy(T_OPERATOR);
    this.#openSign = true;
    return true;
  }

  #isAfterIn(): boolean {
    return (
      this.#previous === T_WORD &&
      this.#writer.length - this.#writer.tokenStart === 2 &&
      this.#beforePrevious !== T_DOT &&
      this.#writer.token() === "in"
    );
  }
}
