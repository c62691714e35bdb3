/**
 * Ties the literals and placeholders of a syntax tree to the slots the lexer found, so that a
 * parameter in the plan and a slot in a later statement of the same shape are the same thing.
 * Any disagreement between the two refuses the statement.
 */
import type { Expression } from "../ast.ts";
import type { ScalarSlot, Shape } from "../shape.ts";
import { unsupported } from "./tree.ts";

interface Place {
  readonly slot: ScalarSlot;
  readonly inList: boolean;
}

type Literal = Extract<Expression, { kind: "literal" }>["literal"];

export class SlotMap {
  readonly #places = new Map<number, Place>();
  readonly #starts: number[] = [];

  readonly #text: string;

  /** `text` is the byte string that has this shape. */
  constructor(text: string, shape: Shape) {
    this.#text = text;
    shape.slots.forEach((slot, index) => {
      const span = shape.spans[index];
      if (span === undefined) return;
      if (slot.kind === "list") {
        slot.elements.forEach((element, position) => {
          const start = span.elements?.[position]?.start ?? -1;
          this.#add(start, { slot: element, inList: true });
        });
      } else {
        this.#add(span.start, { slot, inList: false });
      }
    });
  }

  #add(start: number, place: Place): void {
    this.#places.set(start, place);
    this.#starts.push(start);
  }

  placeholder(index: number, at: number, inList: boolean): Expression {
    const place = this.#place(at, inList);
    if (place?.slot.kind !== "placeholder" || place.slot.index !== index) throw mismatch();
    return { kind: "placeholder", index, at };
  }

  /**
   * A string; one that is part of the shape itself (`$$…$$`, `EXTRACT(year …)`) has no slot. The
   * grammar also puts a string where a sign before it stands: that is refused.
   */
  string(text: string, at: number, inList: boolean): Expression {
    const place = this.#place(at, inList);
    if (place === null) {
      if (!/^[$"\w\x80-\xff]/.test(this.#text.charAt(at))) throw mismatch();
    } else {
      const { slot } = place;
      if (slot.kind !== "literal" || slot.literal !== "string") throw mismatch();
      if (Buffer.from(slot.value, "latin1").toString("utf8") !== text) throw mismatch();
    }
    return { kind: "literal", literal: "string", text, at };
  }

  /** `text` in plain decimal notation, with its sign. */
  number(literal: Literal, text: string, at: number, inList: boolean): Expression {
    const place = this.#place(at, inList);
    if (place !== null) {
      checkNumber(place.slot, literal, text);
      return { kind: "literal", literal, text, at };
    }
    // The grammar folds a sign wherever it can (doNegate), the lexer only where it is sure.
    const start = this.#starts.find((candidate) => candidate > at);
    if (!text.startsWith("-") || start === undefined) throw mismatch();
    const digits = text.slice(1);
    // These change their type with the sign.
    if (BOUNDARIES.has(digits)) throw mismatch();
    const operand = this.#place(start, inList);
    if (operand === null) throw mismatch();
    checkNumber(operand.slot, literal, digits);
    return {
      kind: "unary",
      operator: "-",
      operand: { kind: "literal", literal, text: digits, at: start },
      at,
    };
  }

  #place(at: number, inList: boolean): Place | null {
    const place = this.#places.get(at) ?? null;
    if (place !== null && place.inList && !inList) throw mismatch();
    return place;
  }
}

const BOUNDARIES: ReadonlySet<string> = new Set(["2147483648", "9223372036854775808"]);

function checkNumber(slot: ScalarSlot, literal: Literal, text: string): void {
  if (slot.kind !== "literal" || slot.literal !== literal) throw mismatch();
  const same = literal === "integer" ? BigInt(slot.value) === BigInt(text) : slot.value === text;
  if (!same) throw mismatch();
}

function mismatch(): Error {
  return unsupported("a literal in an unusual place");
}
