import type { CachedRoute } from "@freshet/adapter-core";

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
