import type { CachedRoute } from "@freshet/adapter-core";
import { acceptsDeclared } from "@freshet/pg-wire";

const UNKNOWN = 705;
const INT2 = 21;

/**
 * The type ids Postgres reports for the placeholders: the declared ones, else what it infers
 * from what they are compared with (varchar has no operators of its own: text). Null: not known
 * here, ask the upstream.
 */
export function parameterTypes(
  route: CachedRoute,
  declared: readonly number[],
): readonly number[] | null {
  // Declared types beyond the placeholders are parameters too; wrong ones are an error.
  if (!declaredTypesFit(route, declared)) return null;
  const types: number[] = [];
  for (let index = 0; index < route.placeholders; index += 1) {
    const own = declared[index] ?? 0;
    const type = route.placeholderTypes[index];
    if (own !== 0 && own !== UNKNOWN) types.push(own);
    else if (type === undefined || route.placeholderIsList[index] === true) return null;
    else if (!inferredFromColumn(route, declared, index)) return null;
    else types.push(type.upstreamId);
  }
  return types;
}

/** Whether Parse with these types succeeds upstream and means what the cache computes. */
export function declaredTypesFit(route: CachedRoute, declared: readonly number[]): boolean {
  if (declared.length > route.placeholders) return false;
  return declared.every((typeId, index) => {
    const type = route.placeholderTypes[index];
    return type !== undefined && acceptsDeclared(type, route.placeholderIsList[index]!, typeId);
  });
}

/**
 * In a list of several, an undeclared placeholder takes the common type of the column and all
 * elements, and beside a varchar column varchar. False where that may not be the cache's type.
 */
export function inferredFromColumn(
  route: CachedRoute,
  declared: readonly number[],
  placeholder: number,
): boolean {
  const type = route.placeholderTypes[placeholder];
  return route.sources.every((source) => {
    if (source.kind !== "bind-list" || source.elements.length < 2) return true;
    const within = source.elements.some(
      (element) => element.kind === "bind" && element.index === placeholder,
    );
    if (!within) return true;
    return source.elements.every((element) => {
      if (type === undefined || type.kind === "text") return false;
      // An integer literal is at least an int4.
      if (element.kind === "value") return type.upstreamId !== INT2;
      const own = declared[element.index] ?? 0;
      return own === 0 || own === UNKNOWN || own === type.upstreamId;
    });
  });
}
