import type { LexerSettings } from "@freshet/sql";
import type { Route, Router, RoutingSession } from "../contract.ts";

/** A prepared statement that keeps its route. */
export class RoutedStatement {
  /** Byte string; null when it was too long to look at. */
  readonly text: string | null;
  /** Made for this scope, router generation and way of reading texts (see `routeOf`). */
  route: Route | null = null;
  routeScope: unknown = undefined;
  routeGeneration = -1;
  routeLexer: LexerSettings | null = null;

  constructor(text: string | null) {
    this.text = text;
  }

  /** It has another route now: what was derived from the old one is void. */
  rerouted(): void {
    // Most keep nothing else.
  }
}

/** The statement's route under the session's present settings; null when its text is unknown. */
export function routeOf(
  session: RoutingSession & { readonly context: { readonly router: Router } },
  statement: RoutedStatement,
): Route | null {
  const { route } = statement;
  const { router } = session.context;
  if (
    route !== null &&
    statement.routeScope === session.scope &&
    statement.routeGeneration === router.generation &&
    statement.routeLexer === session.lexer &&
    (route.kind !== "cached" || route.valid)
  ) {
    return route;
  }
  if (statement.text === null) return null;
  statement.route = router.route(statement.text, session);
  statement.routeScope = session.scope;
  statement.routeGeneration = router.generation;
  statement.routeLexer = session.lexer;
  statement.rerouted();
  return statement.route;
}
