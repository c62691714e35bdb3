/**
 * Collects a shape: its text goes into a scratch buffer and becomes a string once, slots and
 * spans beside it, and a parenthesis of nothing but slots after IN becomes one list slot. What
 * is written, and where, is the dialects' `ShapeBuilder`s'.
 */
import type { ScalarSlot, Shape, Slot, SlotSpan } from "./shape.ts";
import { T_SEMICOLON } from "./tokens.ts";

/** Stands for one literal or placeholder; the scanners refuse it outside quotes. */
export const SLOT_MARK = "\u0001";
/** Stands for the elements of an IN list. */
export const LIST_MARK = "\u0002";

const SPACE = 32;
/** The state of a possible IN list: none, before an element, after an element. */
const NO_LIST = 0;
const LIST_ELEMENT = 1;
const LIST_SEPARATOR = 2;

export class ShapeWriter {
  /** Bytes written so far, and where the last token was written. */
  length = 0;
  tokenStart = 0;

  #out = Buffer.allocUnsafe(8192);
  #text = "";
  #slots: Slot[] = [];
  #spans: SlotSpan[] = [];
  #list = NO_LIST;
  #listStart = 0;
  #listSlot = 0;

  reset(text: string): void {
    if (this.#out.length < 2 * text.length + 16) {
      this.#out = Buffer.allocUnsafe(4 * text.length + 16);
    }
    this.#text = text;
    this.length = 0;
    this.tokenStart = 0;
    this.#slots = [];
    this.#spans = [];
    this.#list = NO_LIST;
  }

  /** One space before the next token, unless it is the first. */
  space(): void {
    if (this.length > 0) this.#out[this.length++] = SPACE;
  }

  /** The text's bytes from `start` to `end` as they are. */
  copy(start: number, end: number): void {
    const text = this.#text;
    const out = this.#out;
    let length = (this.tokenStart = this.length);
    for (let at = start; at < end; at++) out[length++] = text.charCodeAt(at);
    this.length = length;
  }

  /** The same with ASCII letters in lower case. */
  copyFolded(start: number, end: number): void {
    const text = this.#text;
    const out = this.#out;
    let length = (this.tokenStart = this.length);
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      out[length++] = code >= 65 && code <= 90 ? code | 32 : code;
    }
    this.length = length;
  }

  slot(slot: ScalarSlot, start: number, end: number): void {
    this.tokenStart = this.length;
    this.#out[this.length++] = 1;
    this.#slots.push(slot);
    this.#spans.push({ start, end });
    this.#list = this.#list === LIST_ELEMENT ? LIST_SEPARATOR : NO_LIST;
  }

  /** The last slot, if it is the string literal that ends at `end`, goes on to `to`. */
  extendString(value: string, end: number, to: number): boolean {
    const last = this.#slots.length - 1;
    const slot = this.#slots[last];
    const span = this.#spans[last];
    if (slot?.kind !== "literal" || slot.literal !== "string" || span?.end !== end) return false;
    this.#slots[last] = { ...slot, value: slot.value + value };
    this.#spans[last] = { start: span.start, end: to };
    return true;
  }

  /** After an opening parenthesis was written. */
  opened(afterIn: boolean): void {
    this.#list = afterIn ? LIST_ELEMENT : NO_LIST;
    this.#listStart = this.length;
    this.#listSlot = this.#slots.length;
  }

  /** After a comma was written. */
  separated(): void {
    if (this.#list === NO_LIST) return;
    this.#list = this.#list === LIST_SEPARATOR ? LIST_ELEMENT : NO_LIST;
  }

  /** Before a closing parenthesis is written: if all since IN were slots they become one. */
  closing(): void {
    if (this.#list === LIST_SEPARATOR) this.#listCloses();
    this.#list = NO_LIST;
  }

  /** Something else was written: this is no list of slots. */
  noList(): void {
    this.#list = NO_LIST;
  }

  #listCloses(): void {
    const elements = this.#slots.splice(this.#listSlot) as ScalarSlot[];
    const spans = this.#spans.splice(this.#listSlot);
    const first = spans[0] as SlotSpan;
    const last = spans[spans.length - 1] as SlotSpan;
    this.#slots.push({ kind: "list", elements });
    this.#spans.push({ start: first.start, end: last.end, elements: spans });
    this.length = this.#listStart;
    this.#out[this.length++] = SPACE;
    this.#out[this.length++] = 2;
  }

  /** The last token written. */
  token(): string {
    return this.#out.toString("latin1", this.tokenStart, this.length);
  }

  byteAt(at: number): number {
    return this.#out[at] ?? 0;
  }

  /** The word before the last token, if one space stands between them. */
  tokenBefore(): string {
    const end = this.tokenStart - 1;
    const start = this.#out.lastIndexOf(SPACE, end - 1) + 1;
    return this.#out.toString("latin1", start, end);
  }

  finish(): Shape {
    return {
      text: this.#out.toString("latin1", 0, this.#withoutSemicolons()),
      slots: this.#slots,
      spans: this.#spans,
    };
  }

  /** The length without `;` at the end, of which a statement may have several. */
  #withoutSemicolons(): number {
    const out = this.#out;
    let { length } = this;
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
