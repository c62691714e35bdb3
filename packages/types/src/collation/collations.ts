import type { Collator } from "./collator.ts";

/** The collation of this name, or null when it is not kept: nothing may be computed from it. */
export function collatorOf(name: string): Collator | null {
  return collators.get(name) ?? null;
}

const collators = new Map<string, Collator>();
