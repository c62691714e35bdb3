import type { CachedRoute } from "@freshet/adapter-core";
import { acceptsDeclared } from "@freshet/pg-wire";

const UNKNOWN = 705;
const VARCHAR = 1043;
const TEXT = 25;

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
    else types.push(type.upstreamId === VARCHAR ? TEXT : type.upstreamId);
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
