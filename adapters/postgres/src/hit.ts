import type { CachedRoute, Entry, ForwardReason } from "@freshet/adapter-core";
import { resultPlan, type ResultPlan, TEXT_FORMATS, variantBytes } from "./rendering.ts";
import type { Session } from "./session.ts";

/** The plan for text results, with RowDescription as simple queries and Describe S show it. */
export function textPlan(session: Session, route: CachedRoute): ResultPlan {
  return resultPlan(route.cache, TEXT_FORMATS, 0, session.settings, session.context.zones);
}

/** Writes the answer to a simple Query; a reason when it cannot be rendered. */
export function writeQueryHit(
  session: Session,
  route: CachedRoute,
  entry: Entry,
  filled = false,
): ForwardReason | null {
  const plan = textPlan(session, route);
  if (plan.variantKey === null) return "result-format";
  const rows = variantBytes(plan, entry);
  if (rows === null) return "result-format";
  session.out.add(plan.rowDescription);
  session.out.add(rows);
  session.ready();
  countHit(session, route, filled);
  return null;
}

/** `filled`: what was given had to be filled first. */
export function countHit(session: Session, route: CachedRoute, filled: boolean): void {
  session.context.router.countHit(route, filled);
  session.account.hit(route.cache.name);
}
