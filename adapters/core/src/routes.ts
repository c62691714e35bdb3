import type { CacheDefinition } from "@freshet/rpc";
import type { StatementTraits } from "@freshet/sql";
import { encodeParamKey } from "@freshet/types";
import type { CanonicalParam, SqlType } from "@freshet/types";
import type { CacheState } from "./cache-state.ts";
import type { CachedRoute, ForwardReason, ParamSource, Route } from "./contract.ts";
import type { ShapeMatch } from "./match-shape.ts";

/** A forwarded read also remembers what SHOW PROXIED QUERIES needs to tell about it. */
export class ForwardRoute {
  readonly kind = "forward";
  readonly traits: StatementTraits;
  readonly reason: ForwardReason;
  readonly queryId: string | null;
  readonly read: ForwardedRead | null;

  constructor(traits: StatementTraits, reason: ForwardReason, read: ForwardedRead | null = null) {
    this.traits = traits;
    this.reason = reason;
    this.read = read;
    this.queryId = read?.queryId ?? null;
  }
}

export interface ForwardedRead {
  readonly queryId: string;
  readonly shape: string;
  readonly scope: string;
  readonly example: string;
}

export class PlannedRoute implements CachedRoute {
  readonly kind = "cached";
  readonly state: CacheState;
  readonly traits: StatementTraits;
  readonly sources: readonly ParamSource[];
  readonly placeholderTypes: readonly SqlType[];
  readonly placeholderIsList: readonly boolean[];
  readonly fixedKey: string | null = null;
  readonly fixedParams: readonly CanonicalParam[] | null = null;

  constructor(state: CacheState, traits: StatementTraits, match: ShapeMatch) {
    this.state = state;
    this.traits = traits;
    this.sources = match.sources;
    this.placeholderTypes = match.placeholderTypes;
    this.placeholderIsList = match.placeholderIsList;
    if (match.placeholderTypes.length > 0) return;
    this.fixedParams = match.sources.map((source) => (source as ValueSource).value);
    this.fixedKey = encodeParamKey(this.fixedParams);
  }

  get cache(): CacheDefinition {
    return this.state.definition;
  }

  get queryId(): string {
    return this.state.definition.queryId;
  }

  get placeholders(): number {
    return this.placeholderTypes.length;
  }

  get valid(): boolean {
    return !this.state.dropped;
  }
}

type ValueSource = Extract<ParamSource, { readonly kind: "value" }>;

/** The state behind a route; every cached route there is was made here. */
export function stateOf(route: CachedRoute): CacheState {
  return (route as PlannedRoute).state;
}

/** What to count a forwarded route as, if it is a read that could be asked to be cached. */
export function forwardedRead(route: Route): ForwardedRead | null {
  return route instanceof ForwardRoute ? route.read : null;
}
