/**
 * Statement text to shape: see `../shape.ts`. One pass over the tokens; the shape's text is
 * written into a scratch buffer and becomes a string once.
 *
 * Two texts with one shape differ at most in white space, comments, letter case of unquoted
 * words and in the content of their slots: the shape's text cut by the scanner again gives the
 * same tokens, since one space stands between any two.
 */
import type { LiteralClass, ScalarSlot, Shape } from "../shape.ts";
import { ShapeBuilderBase } from "../shape-builder-base.ts";
import { integerClass, stringContent } from "./literal.ts";
import {
  Scanner,
  T_CLOSE,
  T_CLOSE_BRACKET,
  T_DECIMAL,
  T_DOT,
  T_END,
  T_ERROR,
  T_ESCAPED,
  T_INTEGER,
  T_OPERATOR,
  T_PARAM,
  T_QUOTED,
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

export class ShapeBuilder extends ShapeBuilderBase<Scanner> {
  /** The previous token is a minus taken for a sign that was not folded. */
  #openSign = false;

  constructor() {
    super(new Scanner());
  }

  build(text: string, standardConformingStrings: boolean): Shape | null {
    const { scanner } = this;
    scanner.reset(text, standardConformingStrings);
    this.begin(text);
    this.#openSign = false;
    for (;;) {
      const kind = scanner.next();
      if (kind === T_END) break;
      if (kind === T_ERROR || !this.plainToken(kind)) return null;
    }
    return this.writer.finish();
  }

  /** Appends the scanner's current token, words in lower case (ASCII only, as the server). */
  protected override copy(kind: number): void {
    const { start, end } = this.scanner;
    this.#moveOn(kind);
    if (kind === T_WORD) this.writer.copyFolded(start, end);
    else this.writer.copy(start, end);
  }

  /** Moves on to a token of this kind. */
  #moveOn(kind: number): void {
    this.beforePrevious = this.previous;
    this.previous = kind;
    this.#openSign = false;
    this.writer.space();
  }

  protected override slot(slot: ScalarSlot, start: number): void {
    this.#moveOn(T_PARAM);
    this.writer.slot(slot, start, this.scanner.end);
  }

  protected override placeholder(): ScalarSlot {
    const { start, end } = this.scanner;
    return { kind: "placeholder", index: Number(this.text.slice(start + 1, end)) - 1 };
  }

  protected override integerClass(digits: string, negative: boolean): LiteralClass {
    return integerClass(digits, negative);
  }

  protected override string(kind: number): boolean {
    const { start, end, special } = this.scanner;
    const value =
      kind === T_STRING && !special
        ? this.text.slice(start + 1, end - 1)
        : stringContent(this.text.slice(start, end), kind === T_ESCAPED);
    if (value === null || !this.isText(value)) return false;
    this.slot({ kind: "literal", literal: "string", value }, start);
    return true;
  }

  protected override isSign(): boolean {
    switch (this.previous) {
      case T_WORD: {
        if (this.beforePrevious === T_DOT) return false;
        const word = this.writer.token();
        return SIGN_FOLLOWS.has(word) || (word === "between" && this.#isBetweenOperator());
      }
      case T_OPERATOR:
        // `t.*` is a whole row.
        return !(
          this.beforePrevious === T_DOT && this.writer.byteAt(this.writer.tokenStart) === 42
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
    if (this.beforePrevious !== T_WORD) {
      return (
        this.beforePrevious === T_PARAM ||
        this.beforePrevious === T_QUOTED ||
        this.beforePrevious === T_CLOSE ||
        this.beforePrevious === T_CLOSE_BRACKET ||
        this.beforePrevious === T_VERBATIM
      );
    }
    const word = this.writer.tokenBefore();
    return word === "not" || !SIGN_FOLLOWS.has(word);
  }

  /**
   * A sign: folded into the number after it, as the grammar does (doNegate in gram.y), unless a
   * cast binds the number first.
   */
  protected override sign(): boolean {
    const scanner = this.scanner;
    const { start, end } = scanner;
    const afterSign = this.#openSign;
    const kind = scanner.next();
    if (kind === T_ERROR) return false;
    if ((kind === T_INTEGER || kind === T_DECIMAL) && !scanner.castFollows()) {
      // `- -5` is one constant to the grammar; too rare to follow.
      return !afterSign && this.number(kind, start, true);
    }
    scanner.start = start;
    scanner.end = end;
    this.writer.noList();
    this.copy(T_OPERATOR);
    this.#openSign = true;
    return true;
  }

  protected override isAfterIn(): boolean {
    return (
      this.previous === T_WORD &&
      this.writer.length - this.writer.tokenStart === 2 &&
      this.beforePrevious !== T_DOT &&
      this.writer.token() === "in"
    );
  }
}
