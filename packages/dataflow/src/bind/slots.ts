import type { SqlType } from "@freshet/types";
import { Unsupported } from "@freshet/sql";
import type { Shape, SlotSpan } from "@freshet/sql";
import type { ParamSpec, SlotSpec } from "../contract.ts";

/**
 * Which slots of the statement's shape became parameters. A slot that nobody turned into a
 * parameter is frozen: a literal must be as written; a placeholder cannot be frozen, so it must
 * have been given a type by the time the statement is bound.
 */
export class SlotTable {
  readonly #shape: Shape;
  readonly #slotAt = new Map<number, number>();
  readonly #paramOfSlot = new Map<number, number>();
  readonly #params: ParamSpec[] = [];
  readonly #placeholderType = new Map<number, SqlType>();
  /** How often a slot's literal stands in the plan as a constant. */
  readonly #constantUses = new Map<number, number>();

  constructor(shape: Shape) {
    this.#shape = shape;
    shape.spans.forEach((span: SlotSpan, slot) => {
      this.#slotAt.set(span.start, slot);
      for (const element of span.elements ?? []) this.#slotAt.set(element.start, slot);
    });
  }

  /** The slot whose span (or element) starts at this offset. */
  slotAt(at: number): number | null {
    return this.#slotAt.get(at) ?? null;
  }

  /** The list slot all of these element offsets belong to, or null. */
  listSlot(elements: readonly number[]): number | null {
    const first = elements[0];
    if (first === undefined) return null;
    const slot = this.slotAt(first);
    if (slot === null || this.#shape.slots[slot]?.kind !== "list") return null;
    return elements.every((at) => this.slotAt(at) === slot) ? slot : null;
  }

  /** A literal was read as a constant (+1), or that constant made way for a parameter (-1). */
  countConstant(slot: number, change: 1 | -1): void {
    this.#constantUses.set(slot, (this.#constantUses.get(slot) ?? 0) + change);
  }

  /** Makes the slot a parameter (again: the same one); returns the parameter's number. */
  param(slot: number, spec: ParamSpec): number {
    const known = this.#paramOfSlot.get(slot);
    if (known !== undefined) {
      // A CTE or merged column used twice is bound twice; both must agree on the type.
      const before = this.#params[known]!;
      if (before.type.upstreamId !== spec.type.upstreamId || before.list !== spec.list) {
        throw new Unsupported(
          `a parameter is used as ${before.type.name} and as ${spec.type.name}`,
        );
      }
      return known;
    }
    const shapeSlot = this.#shape.slots[slot]!;
    if (shapeSlot.kind === "placeholder") {
      const before = this.#placeholderType.get(shapeSlot.index);
      if (before !== undefined && !sharePlaceholder(before, spec.type)) {
        throw new Unsupported(
          `parameter ${shapeSlot.index + 1} is used as ${before.name} and as ${spec.type.name}`,
        );
      }
      this.#placeholderType.set(shapeSlot.index, spec.type);
    }
    const param = this.#params.push(spec) - 1;
    this.#paramOfSlot.set(slot, param);
    return param;
  }

  get params(): readonly ParamSpec[] {
    return this.#params;
  }

  slots(): readonly SlotSpec[] {
    return this.#shape.slots.map((slot, index): SlotSpec => {
      const param = this.#paramOfSlot.get(index);
      if (param !== undefined) {
        // One literal used twice (a CTE): a parameter here and a constant there would disagree.
        if ((this.#constantUses.get(index) ?? 0) > 0) {
          throw new Unsupported("a literal that is a parameter in one place and fixed in another");
        }
        return { kind: "param", param };
      }
      switch (slot.kind) {
        case "literal":
          return { kind: "frozen", literal: slot.literal, value: slot.value };
        case "placeholder":
          throw new Unsupported(`parameter ${slot.index + 1} stands where its type is not known`);
        case "list":
          throw new Unsupported("an IN list stands where it cannot be a parameter");
      }
    });
  }
}

/** Beside columns of several integer types, one placeholder's value is the same number. */
function sharePlaceholder(a: SqlType, b: SqlType): boolean {
  const integer = (type: SqlType): boolean => type.kind === "int" || type.kind === "bigint";
  return a.kind === b.kind || (integer(a) && integer(b));
}
