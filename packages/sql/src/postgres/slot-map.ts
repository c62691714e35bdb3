/** The numbers and strings of libpg-query's tree, tied to their slots: see `SlotPlaces`. */
import type { Expression } from "../ast.ts";
import type { Shape } from "../shape.ts";
import { checkNumber, checkString, slotMismatch, SlotPlaces } from "../slot-places.ts";

type Literal = Extract<Expression, { kind: "literal" }>["literal"];

export class SlotMap {
  readonly #places: SlotPlaces;
  readonly #text: string;

  /** `text` is the byte string that has this shape. */
  constructor(text: string, shape: Shape) {
    this.#text = text;
    this.#places = new SlotPlaces(shape);
  }

  placeholder(index: number, at: number, inList: boolean): Expression {
    return this.#places.placeholder(index, at, inList);
  }

  /**
   * A string; one that is part of the shape itself (`$$…$$`, `EXTRACT(year …)`) has no slot. The
   * grammar also puts a string where a sign before it stands: that is refused.
   */
  string(text: string, at: number, inList: boolean): Expression {
    const slot = this.#places.find(at, inList);
    if (slot === null) {
      if (!/^[$"\w\x80-\xff]/.test(this.#text.charAt(at))) throw slotMismatch();
    } else {
      checkString(slot, text);
    }
    return { kind: "literal", literal: "string", text, at };
  }

  /** `text` in plain decimal notation, with its sign. */
  number(literal: Literal, text: string, at: number, inList: boolean): Expression {
    const slot = this.#places.find(at, inList);
    if (slot !== null) {
      checkNumber(slot, literal, text);
      return { kind: "literal", literal, text, at };
    }
    // The grammar folds a sign wherever it can (doNegate), the lexer only where it is sure.
    const start = this.#places.startAfter(at);
    if (!text.startsWith("-") || start === undefined) throw slotMismatch();
    const digits = text.slice(1);
    // These change their type with the sign.
    if (BOUNDARIES.has(digits)) throw slotMismatch();
    const operand = this.#places.find(start, inList);
    if (operand === null) throw slotMismatch();
    checkNumber(operand, literal, digits);
    return {
      kind: "unary",
      operator: "-",
      operand: { kind: "literal", literal, text: digits, at: start },
      at,
    };
  }
}

const BOUNDARIES: ReadonlySet<string> = new Set(["2147483648", "9223372036854775808"]);
