import { bindParams, type CachedRoute } from "@freshet/adapter-core";
import {
  acceptsDeclared,
  type BindHeader,
  canonicalArrayParam,
  canonicalParam,
  paramFormat,
} from "@freshet/pg-wire";
import { type CanonicalParam, encodeParamKey, PG_OID } from "@freshet/types";
import { inferredFromColumn } from "./extended/parameter-types.ts";

const UNKNOWN = PG_OID.unknown;

/** The bound parameters in canonical form, by placeholder; null: only the upstream can tell. */
function canonicalBound(
  route: CachedRoute,
  typeIds: readonly number[],
  bind: BindHeader,
): CanonicalParam[] | null {
  if (bind.paramCount !== route.placeholders) return null;
  // The upstream answers this with an error of the statement, not of the connection.
  if (bind.paramFormatCount > 1 && bind.paramFormatCount !== bind.paramCount) return null;
  const bound: CanonicalParam[] = [];
  const { buffer } = bind;
  let at = bind.paramsAt;
  for (let index = 0; index < bind.paramCount; index += 1) {
    const length = buffer.readInt32BE(at);
    at += 4;
    const format = paramFormat(bind, index);
    const type = route.placeholderTypes[index];
    if (type === undefined || (format !== 0 && format !== 1)) return null;
    const list = route.placeholderIsList[index] === true;
    if (length === -1) {
      if (!acceptsDeclared(type, list, typeIds[index] ?? 0)) return null;
      bound.push(null);
      continue;
    }
    if (format === 1 && type.kind !== "text" && !hasKnownType(route, typeIds, index)) return null;
    const canonical = list ? canonicalArrayParam : canonicalParam;
    const value = canonical(type, typeIds[index] ?? 0, format, buffer, at, at + length);
    if (value === undefined) return null;
    bound.push(value);
    at += length;
  }
  return bound;
}

/** A binary value is read by its type, so we must know which one the upstream infers. */
function hasKnownType(route: CachedRoute, typeIds: readonly number[], index: number): boolean {
  const declared = typeIds[index] ?? 0;
  return (declared !== 0 && declared !== UNKNOWN) || inferredFromColumn(route, typeIds, index);
}

function isEmpty(bind: BindHeader): boolean {
  return bind.paramCount === 0 && bind.paramFormatCount < 2;
}

/** The cache's parameters for this Bind; null: forward. */
export function boundParams(
  route: CachedRoute,
  typeIds: readonly number[],
  bind: BindHeader,
): readonly CanonicalParam[] | null {
  if (route.fixedParams !== null && isEmpty(bind)) return route.fixedParams;
  const bound = canonicalBound(route, typeIds, bind);
  return bound === null ? null : bindParams(route.sources, bound);
}

/** The entry's key; null: forward. The common case of one placeholder makes no list. */
export function boundKey(
  route: CachedRoute,
  typeIds: readonly number[],
  bind: BindHeader,
): string | null {
  if (route.fixedKey !== null && isEmpty(bind)) return route.fixedKey;
  if (route.placeholders === 1 && route.sources.length === 1 && bind.paramCount === 1) {
    const length = bind.buffer.readInt32BE(bind.paramsAt);
    const type = route.placeholderTypes[0];
    if (
      length >= 0 &&
      type !== undefined &&
      route.sources[0]?.kind === "bind" &&
      route.placeholderIsList[0] !== true
    ) {
      const start = bind.paramsAt + 4;
      if (bind.paramFormatCount > 1) return null;
      const format = bind.paramFormatCount === 0 ? 0 : paramFormat(bind, 0);
      if (format !== 0 && format !== 1) return null;
      return (
        canonicalParam(type, typeIds[0] ?? 0, format, bind.buffer, start, start + length) ?? null
      );
    }
  }
  const params = boundParams(route, typeIds, bind);
  return params === null ? null : encodeParamKey(params);
}
