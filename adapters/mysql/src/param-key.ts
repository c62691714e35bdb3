import { bindParams, type CachedRoute } from "@freshet/adapter-core";
import { parseExecute } from "@freshet/mysql-wire";
import { type CanonicalParam, encodeParamKey } from "@freshet/types";
import { canonicalBound } from "./canonical-param.ts";
import type { Statement } from "./prepared/statement.ts";
import type { CommandPacket, Session } from "./session.ts";

const limitsByRoute = new WeakMap<CachedRoute, readonly boolean[]>();

/** Per placeholder: it counts rows (LIMIT, OFFSET), which takes integers only. */
function countsRows(route: CachedRoute): readonly boolean[] {
  let known = limitsByRoute.get(route);
  if (known === undefined) {
    const counts: boolean[] = route.placeholderTypes.map(() => false);
    route.sources.forEach((source, index) => {
      const role = route.cache.params[index]?.role ?? "comparison";
      if (source.kind === "bind" && role !== "comparison") counts[source.index] = true;
    });
    limitsByRoute.set(route, (known = counts));
  }
  return known;
}

/** The cache's parameters for this execution; null: forward. */
export function boundParams(
  session: Session,
  route: CachedRoute,
  statement: Statement,
  { buffer, payloadAt, end }: CommandPacket,
): readonly CanonicalParam[] | null {
  if (statement.params.count !== route.placeholders) return null;
  if (route.fixedParams !== null && route.placeholders === 0) return route.fixedParams;
  const before = statement.params.bound;
  const { params, typesBound } = parseExecute(
    buffer,
    payloadAt,
    end,
    statement.params,
    session.capabilities,
  );
  if (typesBound && statement.params.bound !== before) statement.upstreamHasTypes = false;
  if (params?.length !== route.placeholders) return null;
  const rows = countsRows(route);
  const bound: CanonicalParam[] = [];
  for (let index = 0; index < params.length; index += 1) {
    const param = params[index];
    const type = route.placeholderTypes[index];
    if (param === undefined || type === undefined || param.longData) return null;
    if (route.placeholderIsList[index] === true) return null;
    const value = canonicalBound(type, param, rows[index] === true);
    if (value === undefined) return null;
    bound.push(value);
  }
  return bindParams(route.sources, bound);
}

/** The entry's key; null: forward. */
export function boundKey(
  session: Session,
  route: CachedRoute,
  statement: Statement,
  command: CommandPacket,
): string | null {
  if (route.fixedKey !== null && route.placeholders === 0 && statement.params.count === 0) {
    return route.fixedKey;
  }
  const params = boundParams(session, route, statement, command);
  return params === null ? null : encodeParamKey(params);
}
