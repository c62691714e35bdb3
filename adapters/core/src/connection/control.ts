import type { ControlError, ControlResult, SessionScope } from "@freshet/rpc";
import type { CacheStatement } from "@freshet/sql";
import type { ForwardReason, Router } from "../contract.ts";
import { explainLastStatement, type LastStatement } from "./last-statement.ts";

/** What one of our own statements needs of the session it came in. */
export interface ControlSession {
  readonly account: { readonly last: LastStatement };
  readonly context: { readonly router: Router };
  /** Null until the session's settings are known, and when no cache may be used under them. */
  readonly scope: SessionScope | null;
}

export function isControlError(result: ControlResult | ControlError): result is ControlError {
  return "code" in result;
}

/**
 * Runs one of our own statements. Never rejects but for a broken invariant. `prepare` learns an
 * unknown scope; `problem` says why there is none.
 */
export async function runCacheStatement<Session extends ControlSession>(
  session: Session,
  statement: CacheStatement,
  encoding: string,
  prepare: (session: Session, route: null) => Promise<ForwardReason | null>,
  problem: (session: Session) => string,
): Promise<ControlResult | ControlError> {
  if (statement.kind === "explain-last-statement")
    return explainLastStatement(session.account.last);
  const refused = session.scope === null ? await prepare(session, null) : null;
  const { scope } = session;
  if (scope === null) {
    return {
      code: "0A000",
      message: `cache statements need a session whose settings are known and ${encoding}`,
      detail: `reason: ${refused ?? problem(session)}`,
    };
  }
  return session.context.router.control(statement, scope);
}
