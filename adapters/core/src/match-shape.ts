import type { CacheDefinition, ParamDefinition } from "@freshet/rpc";
import type { ScalarSlot, Slot } from "@freshet/sql";
import type { SqlType } from "@freshet/types";
import { canonicalList } from "./canonical-list.ts";
import type { ParamSource } from "./contract.ts";
import type { LiteralCanonicalizer } from "./options.ts";

export interface ShapeMatch {
  readonly kind: "match";
  readonly sources: readonly ParamSource[];
  readonly placeholderTypes: readonly SqlType[];
  readonly placeholderIsList: readonly boolean[];
}

export type MatchResult =
  | ShapeMatch
  /** A frozen literal is another one, or slots stand where the cache has none. */
  | { readonly kind: "mismatch" }
  /** It is this cache, but a value cannot be brought to canonical form here. */
  | { readonly kind: "parameter-type" };

const MISMATCH: MatchResult = { kind: "mismatch" };
const PARAMETER_TYPE: MatchResult = { kind: "parameter-type" };

/**
 * Whether a statement with these slots is an instance of the cache, and where its parameters
 * come from. The shapes' texts are known to be equal.
 */
export function matchShape(
  slots: readonly Slot[],
  cache: CacheDefinition,
  canonicalLiteral: LiteralCanonicalizer,
): MatchResult {
  if (slots.length !== cache.slots.length || !frozenSlotsAgree(slots, cache)) return MISMATCH;
  const sources: (ParamSource | undefined)[] = cache.params.map(() => undefined);
  const placeholders = new Placeholders();
  for (const [index, slot] of slots.entries()) {
    const definition = cache.slots[index];
    if (definition === undefined || definition.kind === "frozen") continue;
    const at = definition.param ?? -1;
    const param = cache.params[at];
    if (param === undefined) return MISMATCH;
    const source = slotSource(slot, param, placeholders, canonicalLiteral);
    if ("failure" in source) return source.failure;
    const before = sources[at];
    if (before !== undefined && !sameSource(before, source)) return MISMATCH;
    sources[at] = source;
  }
  if (sources.some((source) => source === undefined)) return MISMATCH;
  if (!placeholders.complete) return PARAMETER_TYPE;
  return {
    kind: "match",
    sources: sources as ParamSource[],
    placeholderTypes: placeholders.types,
    placeholderIsList: placeholders.lists,
  };
}

function frozenSlotsAgree(slots: readonly Slot[], cache: CacheDefinition): boolean {
  return cache.slots.every((definition, index) => {
    if (definition.kind !== "frozen") return true;
    const slot = slots[index];
    return (
      slot?.kind === "literal" &&
      slot.literal === definition.literal &&
      slot.value === definition.value
    );
  });
}

type Failure = { readonly failure: MatchResult };

function slotSource(
  slot: Slot,
  param: ParamDefinition,
  placeholders: Placeholders,
  canonicalLiteral: LiteralCanonicalizer,
): ParamSource | Failure {
  if (slot.kind === "list") {
    if (!param.list) return { failure: MISMATCH };
    const elements = [];
    for (const element of slot.elements) {
      const source = scalarSource(element, param, false, placeholders, canonicalLiteral);
      if ("failure" in source) return source;
      elements.push(source);
    }
    const values = elements.map((element) => (element.kind === "value" ? element.value : null));
    if (elements.some((element) => element.kind === "bind")) return { kind: "bind-list", elements };
    return { kind: "value", value: canonicalList(values) };
  }
  // An array written as a literal would need the upstream's array syntax.
  if (param.list && slot.kind === "literal") return { failure: PARAMETER_TYPE };
  return scalarSource(slot, param, param.list, placeholders, canonicalLiteral);
}

type ScalarSource =
  | { readonly kind: "value"; readonly value: string }
  | { readonly kind: "bind"; readonly index: number };

function scalarSource(
  slot: ScalarSlot,
  param: ParamDefinition,
  list: boolean,
  placeholders: Placeholders,
  canonicalLiteral: LiteralCanonicalizer,
): ScalarSource | Failure {
  if (slot.kind === "placeholder") {
    if (!placeholders.use(slot.index, param.type, list)) return { failure: PARAMETER_TYPE };
    return { kind: "bind", index: slot.index };
  }
  const countsRows = param.role !== "comparison";
  const value = canonicalLiteral(param.type, slot.literal, slot.value, countsRows);
  if (value === undefined) return { failure: PARAMETER_TYPE };
  // A negative limit is the upstream's error to raise.
  if (countsRows && !/^\d+$/.test(value)) return { failure: PARAMETER_TYPE };
  return { kind: "value", value };
}

/** What the text's `$n` are compared with; every use of one must agree. */
class Placeholders {
  readonly types: SqlType[] = [];
  readonly lists: boolean[] = [];
  #distinct = 0;

  use(index: number, type: SqlType, list: boolean): boolean {
    const before = this.types[index];
    if (before === undefined) {
      this.types[index] = type;
      this.lists[index] = list;
      this.#distinct += 1;
      return true;
    }
    return (
      before.kind === type.kind &&
      before.upstreamId === type.upstreamId &&
      this.lists[index] === list
    );
  }

  /** False when a number was left out: the upstream cannot tell its type either. */
  get complete(): boolean {
    return this.#distinct === this.types.length;
  }
}

function sameSource(one: ParamSource, other: ParamSource): boolean {
  if (one.kind === "bind" && other.kind === "bind") return one.index === other.index;
  if (one.kind !== "value" || other.kind !== "value") return false;
  // Lists are compared by their text; both are canonical.
  return JSON.stringify(one.value) === JSON.stringify(other.value);
}
