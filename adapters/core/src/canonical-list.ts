import type { CanonicalParam } from "@freshet/types";
import type { ParamSource } from "./contract.ts";

/** The one form of a list parameter: sorted by code unit, without repetitions, NULL last. */
export function canonicalList(elements: readonly (string | null)[]): readonly (string | null)[] {
  if (elements.length === 1) return elements;
  const sorted: (string | null)[] = [];
  let hasNull = false;
  for (const element of elements) {
    if (element === null) hasNull = true;
    else sorted.push(element);
  }
  sorted.sort();
  let kept = 0;
  for (let index = 0; index < sorted.length; index += 1) {
    const element = sorted[index] as string;
    if (index === 0 || element !== sorted[kept - 1]) sorted[kept++] = element;
  }
  sorted.length = kept;
  if (hasNull) sorted.push(null);
  return sorted;
}

/**
 * The parameters of a route whose placeholders have these canonical values (by index of `$n`;
 * an array where `placeholderIsList`). Lists are brought to canonical form here.
 */
export function bindParams(
  sources: readonly ParamSource[],
  bound: readonly CanonicalParam[],
): CanonicalParam[] {
  return sources.map((source) => {
    switch (source.kind) {
      case "value":
        return source.value;
      case "bind": {
        const value = bound[source.index] as CanonicalParam;
        return value === null || typeof value === "string" ? value : canonicalList(value);
      }
      case "bind-list":
        return canonicalList(
          source.elements.map((element) =>
            element.kind === "value" ? element.value : (bound[element.index] as string | null),
          ),
        );
    }
  });
}
