import type { CachedRoute, Entry, ForwardReason } from "@freshet/adapter-core";
import { resultPlan, variantBytes } from "./rendering.ts";
import type { Statement } from "./prepared/statement.ts";
import type { CommandPacket, Session } from "./session.ts";

/** Writes the answer to a COM_QUERY; a reason when it cannot be rendered. */
export function writeQueryHit(
  session: Session,
  route: CachedRoute,
  entry: Entry,
  text: string,
  filled = false,
): ForwardReason | null {
  const refused = writeResult(session, route, entry, false, filled);
  if (refused === null) session.hits.query(text);
  return refused;
}

/** The same for a COM_STMT_EXECUTE. */
export function writeExecuteHit(
  session: Session,
  route: CachedRoute,
  entry: Entry,
  statement: Statement,
  { buffer, payloadAt, end }: CommandPacket,
  filled = false,
): ForwardReason | null {
  const refused = writeResult(session, route, entry, true, filled);
  if (refused === null) session.hits.execution(statement, buffer, payloadAt, end);
  return refused;
}

function writeResult(
  session: Session,
  route: CachedRoute,
  entry: Entry,
  binary: boolean,
  filled: boolean,
): ForwardReason | null {
  const plan = resultPlan(route.cache, binary, session);
  if (plan.variantKey === null) return "result-format";
  session.out.add(plan.head);
  session.out.add(variantBytes(plan, entry));
  session.context.router.countHit(route, filled);
  session.account.hit(route.cache.name);
  return null;
}
