import type { Route } from "@freshet/adapter-core";
import type { Session } from "../session.ts";
import type { Statement } from "./statement.ts";

/** The statement's route under the session's present settings; null when its text is unknown. */
export function routeOf(session: Session, statement: Statement): Route | null {
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
  return statement.route;
}
