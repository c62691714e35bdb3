/**
 * Statement text to shape: see `../shape.ts`. One pass over the tokens; the shape's text is
 * written into a scratch buffer and becomes a string once.
 *
 * Two texts with one shape differ at most in white space, comments, letter case of unquoted
 * words and in the content of their slots: the shape's text cut by the scanner again gives the
 * same tokens, since one space stands between any two.
 */
import { isUtf8 } from "node:buffer";

import type { ScalarSlot, Shape, Slot, SlotSpan } from "../shape.ts";
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

/** Stands for one literal or placeholder; the scanner refuses it outside quotes. */
export const SLOT_MARK = "\u0001";
/** Stands for the elements of an IN list. */
export const LIST_MARK = "\u0002";

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

const SPACE = 32;
/** The state of a possible IN list: none, before an element, after an element. */
const NO_LIST = 0;
const LIST_ELEMENT = 1;
const LIST_SEPARATOR = 2;

export class ShapeBuilder {
  readonly #scanner = new Scanner();
  #out = Buffer.allocUnsafe(8192);
  #length = 0;
  #text = "";
  #slots: Slot[] = [];
  #spans: SlotSpan[] = [];

  /** The token before the current one, where its copy starts, and the token before that. */
  #previous = T_SEMICOLON;
  #previousStart = 0;
  #beforePrevious = T_SEMICOLON;
  /** The previous token is a minus taken for a sign that was not folded. */
  #openSign = false;

  #list = NO_LIST;
  #listStart = 0;
  #listSlot = 0;

  build(text: string, standardConformingStrings: boolean): Shape | null {
    const scanner = this.#scanner;
    scanner.reset(text, standardConformingStrings);
    if (this.#out.length < 2 * text.length + 16) {
      this.#out = Buffer.allocUnsafe(4 * text.length + 16);
    }
    this.#text = text;
    this.#length = 0;
    this.#slots = [];
    this.#spans = [];
    this.#previous = T_SEMICOLON;
    this.#beforePrevious = T_SEMICOLON;
    this.#openSign = false;
    this.#list = NO_LIST;
    for (;;) {
      const kind = scanner.next();
      if (kind === T_END) break;
      if (kind === T_ERROR || !this.#token(kind)) return null;
    }
    return {
      text: this.#out.toString("latin1", 0, this.#withoutSemicolons()),
      slots: this.#slots,
      spans: this.#spans,
    };
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
        this.#list = opens ? LIST_ELEMENT : NO_LIST;
        this.#listStart = this.#length;
        this.#listSlot = this.#slots.length;
        return true;
      }
      case T_COMMA:
        this.#copy(kind);
        if (this.#list !== NO_LIST) {
          this.#list = this.#list === LIST_SEPARATOR ? LIST_ELEMENT : NO_LIST;
        }
        return true;
      case T_CLOSE:
        if (this.#list === LIST_SEPARATOR) this.#listCloses();
        break;
      default:
        break;
    }
    this.#list = NO_LIST;
    this.#copy(kind);
    return true;
  }

  /** Appends the scanner's current token, words in lower case (ASCII only, as the server). */
  #copy(kind: number): void {
    const scanner = this.#scanner;
    const text = this.#text;
    const end = scanner.end;
    let length = this.#begin(kind);
    const out = this.#out;
    if (kind === T_WORD) {
      for (let at = scanner.start; at < end; at++) {
        const code = text.charCodeAt(at);
        out[length++] = code >= 65 && code <= 90 ? code | 32 : code;
      }
    } else {
      for (let at = scanner.start; at < end; at++) out[length++] = text.charCodeAt(at);
    }
    this.#length = length;
  }

  /** Moves on to a token of this kind and returns where it is written. */
  #begin(kind: number): number {
    this.#beforePrevious = this.#previous;
    this.#previous = kind;
    this.#openSign = false;
    let length = this.#length;
    if (length > 0) this.#out[length++] = SPACE;
    this.#previousStart = length;
    return length;
  }

  #slot(slot: ScalarSlot, start: number): void {
    const length = this.#begin(T_PARAM);
    this.#out[length] = 1;
    this.#length = length + 1;
    this.#slots.push(slot);
    this.#spans.push({ start, end: this.#scanner.end });
    this.#list = this.#list === LIST_ELEMENT ? LIST_SEPARATOR : NO_LIST;
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
        const word = this.#out.toString("latin1", this.#previousStart, this.#length);
        return SIGN_FOLLOWS.has(word) || (word === "between" && this.#isBetweenOperator());
      }
      case T_OPERATOR:
        // `t.*` is a whole row.
        return !(this.#beforePrevious === T_DOT && this.#out[this.#previousStart] === 42);
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
    const end = this.#previousStart - 1;
    const start = this.#out.lastIndexOf(SPACE, end - 1) + 1;
    const word = this.#out.toString("latin1", start, end);
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
    this.#list = NO_LIST;
    this.#copy(T_OPERATOR);
    this.#openSign = true;
    return true;
  }

  #isAfterIn(): boolean {
    const at = this.#previousStart;
    return (
      this.#previous === T_WORD &&
      this.#length - at === 2 &&
      this.#out[at] === 105 &&
      this.#out[at + 1] === 110 &&
      this.#beforePrevious !== T_DOT
    );
  }

  /** All since the parenthesis were slots: they become one. */
  #listCloses(): void {
    const elements = this.#slots.splice(this.#listSlot) as ScalarSlot[];
    const spans = this.#spans.splice(this.#listSlot);
    const first = spans[0] as SlotSpan;
    const last = spans[spans.length - 1] as SlotSpan;
    this.#slots.push({ kind: "list", elements });
    this.#spans.push({ start: first.start, end: last.end, elements: spans });
    this.#length = this.#listStart;
    this.#out[this.#length++] = SPACE;
    this.#out[this.#length++] = 2;
  }

  /** The length without `;` at the end, of which a statement may have several. */
  #withoutSemicolons(): number {
    const out = this.#out;
    let length = this.#length;
    while (
      length > 0 &&
      out[length - 1] === T_SEMICOLON &&
      (length === 1 || out[length - 2] === SPACE)
    ) {
      length -= length === 1 ? 1 : 2;
    }
    return length;
  }
}
