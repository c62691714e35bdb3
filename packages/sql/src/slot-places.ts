/**
 * Ties the literals and placeholders of a syntax tree to the slots the lexer found, so that a
 * parameter in the plan and a slot in a later statement of the same shape are the same thing.
 * Any disagreement between the two refuses the statement.
 */
import type { Expression } from "./ast.ts";
import type { ScalarSlot, Shape } from "./shape.ts";
import { unsupported } from "./unsupported.ts";

interface Place {
  readonly slot: ScalarSlot;
  readonly inList: boolean;
}

/** The slots of a shape, list elements one by one, by the offset at which they start. */
export class SlotPlaces {
  readonly #places = new Map<number, Place>();
  readonly #starts: number[] = [];

  constructor(shape: Shape) {
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

  /** The slot that starts at `at`; null when there is none. Throws for one of a list elsewhere. */
  find(at: number, inList: boolean): ScalarSlot | null {
    const place = this.#places.get(at);
    if (place === undefined) return null;
    if (place.inList && !inList) throw slotMismatch();
    return place.slot;
  }

  /** Where the first slot after `at` starts. */
  startAfter(at: number): number | undefined {
    return this.#starts.find((candidate) => candidate > at);
  }

  placeholder(index: number, at: number, inList: boolean): Expression {
    const slot = this.find(at, inList);
    if (slot?.kind !== "placeholder" || slot.index !== index) throw slotMismatch();
    return { kind: "placeholder", index, at };
  }
}

type LiteralKind = Extract<Expression, { kind: "literal" }>["literal"];

/** Throws unless the slot holds this number; integers may be written differently. */
export function checkNumber(slot: ScalarSlot, literal: LiteralKind, text: string): void {
  if (slot.kind !== "literal" || slot.literal !== literal) throw slotMismatch();
  const same = literal === "integer" ? BigInt(slot.value) === BigInt(text) : slot.value === text;
  if (!same) throw slotMismatch();
}

/** Throws unless the slot holds this string (Unicode). */
export function checkString(slot: ScalarSlot, text: string): void {
  if (slot.kind !== "literal" || slot.literal !== "string") throw slotMismatch();
  if (Buffer.from(slot.value, "latin1").toString("utf8") !== text) throw slotMismatch();
}

export function slotMismatch(): Error {
  return unsupported("a literal in an unusual place");
}
