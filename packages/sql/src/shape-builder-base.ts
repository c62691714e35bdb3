/** What the dialects' `ShapeBuilder`s share: which token is a slot, and where lists of slots are. */
import { isUtf8 } from "node:buffer";

import type { ScannerBase } from "./scanner-base.ts";
import type { LiteralClass, ScalarSlot } from "./shape.ts";
import { ShapeWriter } from "./shape-writer.ts";
import {
  T_CLOSE,
  T_COMMA,
  T_DECIMAL,
  T_ESCAPED,
  T_INTEGER,
  T_OPEN,
  T_OPERATOR,
  T_PARAM,
  T_SEMICOLON,
  T_STRING,
} from "./tokens.ts";

const MINUS = 45;

export abstract class ShapeBuilderBase<S extends ScannerBase> {
  protected readonly scanner: S;
  protected readonly writer = new ShapeWriter();
  protected text = "";

  /** The token before the current one, and the token before that. */
  protected previous = T_SEMICOLON;
  protected beforePrevious = T_SEMICOLON;

  protected constructor(scanner: S) {
    this.scanner = scanner;
  }

  /** Writes the scanner's current token as it belongs in a shape and moves on. */
  protected abstract copy(kind: number): void;
  /** Writes a slot that begins at `start` and ends with the scanner's current token. */
  protected abstract slot(slot: ScalarSlot, start: number, kind: number): void;
  protected abstract placeholder(): ScalarSlot;
  protected abstract string(kind: number): boolean;
  protected abstract integerClass(digits: string, negative: boolean): LiteralClass;
  /** Whether a minus here can only be a sign. */
  protected abstract isSign(): boolean;
  protected abstract sign(): boolean;
  protected abstract isAfterIn(): boolean;

  protected begin(text: string): void {
    this.writer.reset(text);
    this.text = text;
    this.previous = T_SEMICOLON;
    this.beforePrevious = T_SEMICOLON;
  }

  /** False when the statement cannot have a shape. */
  protected plainToken(kind: number): boolean {
    const { scanner } = this;
    switch (kind) {
      case T_INTEGER:
      case T_DECIMAL:
        return this.number(kind, scanner.start, false);
      case T_STRING:
      case T_ESCAPED:
        return this.string(kind);
      case T_PARAM:
        this.slot(this.placeholder(), scanner.start, kind);
        return true;
      case T_OPERATOR:
        if (
          scanner.end - scanner.start === 1 &&
          this.text.charCodeAt(scanner.start) === MINUS &&
          this.isSign()
        ) {
          return this.sign();
        }
        break;
      case T_OPEN: {
        const opens = this.isAfterIn();
        this.copy(kind);
        this.writer.opened(opens);
        return true;
      }
      case T_COMMA:
        this.copy(kind);
        this.writer.separated();
        return true;
      case T_CLOSE:
        this.writer.closing();
        break;
      default:
        break;
    }
    this.writer.noList();
    this.copy(kind);
    return true;
  }

  protected number(kind: number, start: number, negative: boolean): boolean {
    const { scanner } = this;
    // Postgres: `1_000` and `0xFF` are numbers since version 16; before, `0xFF` was `0 AS xff`.
    if (scanner.special) return false;
    const written = this.text.slice(scanner.start, scanner.end);
    const literal = kind === T_INTEGER ? this.integerClass(written, negative) : "decimal";
    const value = negative ? `-${written}` : written;
    this.slot({ kind: "literal", literal, value }, start, kind);
    return true;
  }

  /**
   * Whether the scanner's current string is one to the server too: what is not UTF-8 it refuses
   * or cuts; decoded leniently it could match a row.
   */
  protected isText(content: string): boolean {
    return !this.scanner.highBytes || isUtf8(Buffer.from(content, "latin1"));
  }
}
