/**
 * Statement text to shape: see `../shape.ts`. One pass over the tokens.
 *
 * The servers name a column of the answer that has no alias after the text of its expression, so
 * the items of a select list stay as they are written, white space, letter case and literals
 * included; only placeholders are slots there. Elsewhere one space stands between two tokens,
 * except before the parenthesis of a call, where a space changes the meaning; the words that both
 * MySQL and MariaDB reserve are in lower case; literals and placeholders are slots.
 */
import type { LexerSettings, LiteralClass, ScalarSlot, Shape } from "../shape.ts";
import { ShapeBuilderBase } from "../shape-builder-base.ts";
import { integerClass, stringContent } from "./literal.ts";
import {
  Scanner,
  T_CLOSE,
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
  T_VARIABLE,
  T_VERBATIM,
  T_WORD,
} from "./scanner.ts";
import {
  LIST_ENDS,
  LIST_MODIFIERS,
  NEVER_NAMES,
  RESERVED_WORDS,
  SIGN_FOLLOWS,
} from "./words.data.ts";

const UPPER_CASE: ReadonlyMap<string, string> = new Map(
  [...RESERVED_WORDS].map((word) => [word.toUpperCase(), word]),
);

/** The word in lower case if it is reserved, else empty. */
function reservedWord(written: string): string {
  if (RESERVED_WORDS.has(written)) return written;
  const lower = UPPER_CASE.get(written) ?? written.toLowerCase();
  return lower !== written && RESERVED_WORDS.has(lower) ? lower : "";
}

/** In lower case, if it may be one of the words that matter in a select list. */
function listWord(written: string): string {
  const first = written.charCodeAt(0) | 32;
  // Not one of: as all distinct from for group having high_… into limit order sql_… straight_…
  return "adfghilosuw".includes(String.fromCharCode(first)) ? written.toLowerCase() : "";
}

export class ShapeBuilder extends ShapeBuilderBase<Scanner> {
  #placeholders = 0;

  /** The previous token in lower case if it is a reserved word, else empty. */
  #word = "";
  /** Where the previous token ended. */
  #previousEnd = 0;

  #depth = 0;
  /** How deep in parentheses the outermost open select list is; -1 outside of any. */
  #listDepth = -1;
  /** In a select list: the next token is the first of an item or of an alias. */
  #itemStart = false;

  constructor() {
    super(new Scanner());
  }

  build(text: string, settings: LexerSettings): Shape | null {
    const { scanner } = this;
    scanner.reset(text, settings);
    this.begin(text);
    this.#placeholders = 0;
    this.#word = "";
    this.#previousEnd = 0;
    this.#depth = 0;
    this.#listDepth = -1;
    this.#itemStart = false;
    for (;;) {
      const kind = scanner.next();
      if (kind === T_END) break;
      if (kind === T_ERROR) return null;
      const written = this.#listDepth >= 0 ? this.#listToken(kind) : this.plainToken(kind);
      if (!written) return null;
    }
    return scanner.hinted ? null : this.writer.finish();
  }

  protected override isAfterIn(): boolean {
    return this.#word === "in" && this.previous === T_WORD;
  }

  /** In a select list: as it is written, but for the blanks around whole items and aliases. */
  #listToken(kind: number): boolean {
    const scanner = this.scanner;
    const atTop = this.#depth === this.#listDepth;
    let plain = this.#itemStart;
    let startsNext = false;
    let fold = false;
    if (kind === T_OPEN) {
      this.#depth++;
    } else if (kind === T_CLOSE) {
      if (atTop) return this.#endList(kind);
      this.#depth--;
    } else if (kind === T_SEMICOLON) {
      return this.#endList(kind);
    } else if (kind === T_COMMA && atTop) {
      plain = startsNext = true;
    } else if (kind === T_WORD && atTop && this.previous !== T_DOT) {
      const word = listWord(this.text.slice(scanner.start, scanner.end));
      if (LIST_ENDS.has(word)) return this.#endList(kind);
      fold = word === "as" || (this.#itemStart && LIST_MODIFIERS.has(word));
      if (fold) plain = startsNext = true;
    }
    // A comment may be part of a column's name; MariaDB has one after a comma in it too.
    const first = this.#itemStart && this.previous !== T_COMMA;
    if (plain && (first || !scanner.commented)) this.writer.space();
    else this.writer.copy(this.#previousEnd, scanner.start);
    this.#itemStart = startsNext;
    if (kind === T_PARAM) {
      this.writer.slot(this.placeholder(), scanner.start, scanner.end);
    } else if (fold) {
      this.writer.copyFolded(scanner.start, scanner.end);
    } else {
      this.writer.copy(scanner.start, scanner.end);
    }
    this.writer.noList();
    this.#word = "";
    this.#moveOn(kind);
    return true;
  }

  #endList(kind: number): boolean {
    this.#listDepth = -1;
    if (this.scanner.commented) this.writer.copy(this.#previousEnd, this.scanner.start);
    return this.plainToken(kind);
  }

  #moveOn(kind: number): void {
    this.beforePrevious = this.previous;
    this.previous = kind;
    this.#previousEnd = this.scanner.end;
  }

  /** Outside a select list. */
  protected override copy(kind: number): void {
    const { start, end } = this.scanner;
    // `name(` calls a function, `name (` may not.
    const call =
      kind === T_OPEN &&
      start === this.#previousEnd &&
      this.previous === T_WORD &&
      !NEVER_NAMES.has(this.#word);
    if (!call) this.writer.space();
    this.#word = "";
    if (kind === T_WORD) {
      if (this.previous !== T_DOT) this.#word = reservedWord(this.text.slice(start, end));
      if (this.#word === "") this.writer.copy(start, end);
      else this.writer.copyFolded(start, end);
      if (this.#word === "select") {
        this.#listDepth = this.#depth;
        this.#itemStart = true;
      }
    } else {
      if (kind === T_OPEN) this.#depth++;
      else if (kind === T_CLOSE) this.#depth--;
      this.writer.copy(start, end);
    }
    this.#moveOn(kind);
  }

  protected override placeholder(): ScalarSlot {
    return { kind: "placeholder", index: this.#placeholders++ };
  }

  protected override slot(slot: ScalarSlot, start: number, kind: number): void {
    this.writer.space();
    this.writer.slot(slot, start, this.scanner.end);
    this.#word = "";
    this.#moveOn(kind);
  }

  protected override integerClass(digits: string, negative: boolean): LiteralClass {
    return integerClass(digits, negative);
  }

  protected override string(kind: number): boolean {
    const { start, end, special } = this.scanner;
    const value = special
      ? stringContent(this.text.slice(start, end), kind === T_ESCAPED)
      : this.text.slice(start + 1, end - 1);
    if (!this.isText(value)) return false;
    // 'a' 'b' is one literal.
    if (this.previous === T_STRING || this.previous === T_ESCAPED) {
      if (!this.writer.extendString(value, this.#previousEnd, end)) return false;
      this.#previousEnd = end;
      return true;
    }
    this.slot({ kind: "literal", literal: "string", value }, start, kind);
    return true;
  }

  protected override isSign(): boolean {
    switch (this.previous) {
      case T_WORD:
        return SIGN_FOLLOWS.has(this.#word);
      case T_OPERATOR:
        // `t.*` is no operand, but neither is it followed by a sign.
        return this.beforePrevious !== T_DOT;
      case T_OPEN:
      case T_COMMA:
        return true;
      case T_QUOTED:
      case T_VARIABLE:
      case T_VERBATIM:
      default:
        return false;
    }
  }

  /** A sign is folded into the number after it: nothing binds the number more tightly. */
  protected override sign(): boolean {
    const scanner = this.scanner;
    const { start, end, commented } = scanner;
    const kind = scanner.next();
    if (kind === T_ERROR) return false;
    if (kind === T_INTEGER || kind === T_DECIMAL) {
      return this.number(kind, start, true);
    }
    scanner.start = start;
    scanner.end = end;
    scanner.commented = commented;
    this.writer.noList();
    this.copy(T_OPERATOR);
    return true;
  }
}
