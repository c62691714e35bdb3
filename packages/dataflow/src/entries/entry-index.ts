import { groupKey } from "@freshet/types";
import type { SqlType } from "@freshet/types";
import type { EnvValue } from "../exec/compile-expression.ts";
import { isList } from "./entry.ts";
import type { Entry } from "./entry.ts";

/** Combinations of list elements one entry may be filed under; past it, it is always a candidate. */
const MAX_COMBINATIONS = 4096;

/**
 * Finds the filled keys whose equality parameters have given values. A list parameter files its
 * entry under every element. An entry with NULL in one of them equals nothing, so it is not filed.
 */
export class EntryIndex<E extends Entry = Entry> {
  readonly #params: readonly number[];
  readonly #types: readonly SqlType[];
  readonly #byKey = new Map<string, Set<E>>();
  readonly #always = new Set<E>();

  constructor(params: readonly number[], types: readonly SqlType[]) {
    this.#params = params;
    this.#types = types;
  }

  add(entry: E): void {
    const keys = this.#keys(entry);
    if (keys === null) this.#always.add(entry);
    else {
      for (const key of keys) {
        const entries = this.#byKey.get(key);
        if (entries === undefined) this.#byKey.set(key, new Set([entry]));
        else entries.add(entry);
      }
    }
  }

  delete(entry: E): void {
    const keys = this.#keys(entry);
    if (keys === null) this.#always.delete(entry);
    else {
      for (const key of keys) {
        const entries = this.#byKey.get(key);
        if (entries?.delete(entry) === true && entries.size === 0) this.#byKey.delete(key);
      }
    }
  }

  find(key: string): ReadonlySet<E> | undefined {
    return this.#byKey.get(key);
  }

  get always(): ReadonlySet<E> {
    return this.#always;
  }

  #keys(entry: E): readonly string[] | null {
    let parts: string[][] = [[]];
    for (const [position, param] of this.#params.entries()) {
      const choices = partKeys(entry.params[param]!, this.#types[position]!);
      if (parts.length * choices.length > MAX_COMBINATIONS) return null;
      parts = parts.flatMap((prefix) => choices.map((choice) => [...prefix, choice]));
    }
    return parts.map(joinParts);
  }
}

/** How `find`'s key is made of the keys of single values. */
export function joinParts(parts: readonly string[]): string {
  if (parts.length === 1) return parts[0]!;
  return parts.map((part) => `${part.length}:${part}`).join("");
}

function partKeys(value: EnvValue, type: SqlType): readonly string[] {
  if (value === null) return [];
  if (isList(value)) return [...value.keys];
  return [groupKey([type], [value])];
}
