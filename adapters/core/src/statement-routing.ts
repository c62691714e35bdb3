import { databasePrefix } from "@freshet/rpc";
import { queryId } from "@freshet/sql";
import type { Shape, StatementTraits } from "@freshet/sql";
import type { CacheRegistry } from "./cache-registry.ts";
import type { ForwardReason, Route, RoutingSession } from "./contract.ts";
import { matchShape } from "./match-shape.ts";
import type { RouterOptions } from "./options.ts";
import { ForwardRoute, PlannedRoute } from "./routes.ts";

/** Statements that begin with these words are never ours; most statements do. */
const NEVER_OURS =
  /^\s*(?:select|with|values|insert|update|delete|begin|commit|rollback|set|start|savepoint)\b/i;

const MAYBE_READ = /^\s*(?:select|with|values)\b/i;

/** Bounds on what is remembered about shapes that no cache has. */
const SHAPES_REMEMBERED = 4096;
const SHAPE_LENGTH_REMEMBERED = 4096;

export type RoutingOptions = Pick<
  RouterOptions,
  "lexer" | "canonicalLiteral" | "parseCacheStatement"
> & { readonly textLength: number };

/**
 * Decides what to do with a text that has not been seen (lately): the slow half of `route`.
 * Whatever is not surely an instance of a cache is forwarded, with the reason.
 */
export class StatementRouting {
  readonly #options: RoutingOptions;
  readonly #registry: CacheRegistry;
  /** Hashing costs microseconds, and texts with ever new literals have few shapes. */
  readonly #queryIds = new Map<string, string>();
  /** By the shapes of single reads without the hint. */
  readonly #traits = new Map<string, StatementTraits>();

  constructor(options: RoutingOptions, registry: CacheRegistry) {
    this.#options = options;
    this.#registry = registry;
  }

  route(text: string, session: RoutingSession, scope: string | null): Route {
    const settings = session.lexer;
    if (!NEVER_OURS.test(text)) {
      const parse = this.#options.parseCacheStatement(text, settings);
      if (parse.kind === "statement") return { kind: "control", statement: parse.statement };
      if (parse.kind === "error") {
        return { kind: "control-error", message: parse.message, position: parse.position };
      }
    }
    const shape = MAYBE_READ.test(text) ? this.#options.lexer.shape(text, settings) : null;
    const traits = shape === null ? null : this.#knownTraits(text, shape);
    if (shape === null || traits === null) return this.#routeAny(text, session, scope, shape);
    if (traits.uncacheable !== null) {
      return this.#forward(text, shape, traits, scope, "not-cacheable");
    }
    return this.#routeRead(text, shape, traits, session, scope);
  }

  /**
   * The traits of a shape that was routed before: they depend on the tokens alone, literals'
   * values apart, so the lexer need not be asked again. Comments are no tokens, but may hold
   * the hint.
   */
  #knownTraits(text: string, shape: Shape): StatementTraits | null {
    if (text.includes("/*")) return null;
    const known = this.#registry.withShape(shape.text)[0]?.traits;
    return known ?? this.#traits.get(shape.text) ?? null;
  }

  #rememberTraits(text: string, shape: Shape, traits: StatementTraits): void {
    if (shape.text.length > SHAPE_LENGTH_REMEMBERED || text.includes("/*")) return;
    if (this.#traits.size >= SHAPES_REMEMBERED) this.#traits.clear();
    this.#traits.set(shape.text, traits);
  }

  #routeAny(
    text: string,
    session: RoutingSession,
    scope: string | null,
    early: Shape | null,
  ): Route {
    const traits = this.#options.lexer.traits(text, session.lexer);
    if (traits.multiple) return new ForwardRoute(traits, "multi-statement");
    if (!traits.read) return new ForwardRoute(traits, "not-a-read");
    if (traits.skipCache) return new ForwardRoute(traits, "hint");
    const shape = early ?? this.#options.lexer.shape(text, session.lexer);
    if (shape === null) return new ForwardRoute(traits, "unparsed");
    this.#rememberTraits(text, shape, traits);
    if (traits.uncacheable !== null) {
      return this.#forward(text, shape, traits, scope, "not-cacheable");
    }
    return this.#routeRead(text, shape, traits, session, scope);
  }

  #routeRead(
    text: string,
    shape: Shape,
    traits: StatementTraits,
    session: RoutingSession,
    scope: string | null,
  ): Route {
    const candidates = this.#registry.withShape(shape.text);
    if (session.scope === null || scope === null) {
      return new ForwardRoute(traits, candidates.length === 0 ? "no-cache" : "unknown-scope");
    }
    const database = databasePrefix(session.scope.database);
    if (candidates[0] !== undefined && !text.includes("/*")) candidates[0].traits ??= traits;
    let reason: ForwardReason = "no-cache";
    for (const state of candidates) {
      if (state.definition.scope !== scope) {
        const elsewhere = !state.definition.scope.startsWith(database);
        if (elsewhere && reason === "no-cache") reason = "other-database";
        continue;
      }
      const match = matchShape(shape.slots, state.definition, this.#options.canonicalLiteral);
      if (match.kind === "match") return new PlannedRoute(state, traits, match);
      if (match.kind === "parameter-type") reason = "parameter-type";
    }
    return this.#forward(text, shape, traits, scope, reason);
  }

  #forward(
    text: string,
    shape: Shape,
    traits: StatementTraits,
    scope: string | null,
    reason: ForwardReason,
  ): ForwardRoute {
    if (scope === null || text.length > this.#options.textLength) {
      return new ForwardRoute(traits, reason);
    }
    const id = this.#queryId(shape.text, scope);
    return new ForwardRoute(traits, reason, {
      queryId: id,
      shape: shape.text,
      scope,
      example: text,
    });
  }

  #queryId(shape: string, scope: string): string {
    const key = `${scope}\0${shape}`;
    const known = this.#queryIds.get(key);
    if (known !== undefined) return known;
    if (this.#queryIds.size >= SHAPES_REMEMBERED) this.#queryIds.clear();
    const id = queryId(shape, scope);
    if (shape.length > SHAPE_LENGTH_REMEMBERED) return id;
    this.#queryIds.set(key, id);
    return id;
  }
}
