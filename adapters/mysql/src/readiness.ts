import {
  type CachedRoute,
  type ForwardReason,
  prepareAccess,
  type Readiness,
} from "@freshet/adapter-core";
import type { Session } from "./session.ts";

/** May this session be answered from this cache, now? Synchronous; on the path of every hit. */
export function readiness(session: Session, route: CachedRoute): Readiness {
  const { router } = session.context;
  if (!router.serving) return "not-serving";
  const blocked = sessionReadiness(session);
  if (blocked !== "ready") return blocked;
  if (session.inTransaction) {
    const inTransaction = transactionReadiness(session, route);
    if (inTransaction !== "ready") return inTransaction;
  }
  const { scope } = session.settings;
  if (scope === null) return "session-setting";
  const access = router.mayRead(route, scope.role);
  if (access === null) return "async";
  return access ? "ready" : "access-denied";
}

/** What holds for every cacheable statement of the session, whatever the cache. */
function sessionReadiness(session: Session): Readiness {
  const { link, transaction } = session;
  if (transaction.tableDoubt === "certain") return "session-setting";
  if (link?.queue.busy === true || transaction.tableDoubt === "maybe") return "async";
  if (transaction.locked) return "session-setting";
  const unknown = !session.probing.scopeKnown || session.probing.expired;
  return unknown || transaction.needsPosition ? "async" : "ready";
}

function transactionReadiness(session: Session, route: CachedRoute): Readiness {
  switch (route.cache.inTransaction) {
    case "never":
      return "in-transaction";
    case "always":
      return "ready";
    case "until-write": {
      const { transaction, settings } = session;
      if (transaction.wrote) return "transaction-wrote";
      // With autocommit off the transaction begins with the statement that is asked about.
      const asSession = session.transactionOpen
        ? transaction.defaultIsolation
        : transaction.nextIsDefault;
      // Other levels read from one snapshot, which answers from the cache are not of.
      const readCommitted = asSession && settings.hidden?.isolation === "READ-COMMITTED";
      return readCommitted ? "ready" : "in-transaction";
    }
  }
}

/**
 * Does what `async` asked for: waits for outstanding replies, probes, waits for the session's
 * own writes, asks for access. Null when it may be tried again, else why not.
 */
export async function prepare(
  session: Session,
  route: CachedRoute | null,
): Promise<ForwardReason | null> {
  const { context, transaction } = session;
  if (session.link?.queue.busy === true) await session.link.queue.idle();
  if (session.closed) return "not-serving";
  if (!session.probing.scopeKnown || session.probing.expired) {
    if (!(await session.probing.probe())) return "session-setting";
  }
  if (transaction.tableDoubt === "maybe") {
    const clear = await session.probing.checkTables();
    if (session.closed) return "not-serving";
    if (!clear) return "session-setting";
  }
  if (transaction.needsPosition) {
    const limitMs = context.limits.ownWriteLimitMs;
    if (!(await context.router.awaitPosition("", limitMs))) return "behind-own-write";
    transaction.needsPosition = false;
  }
  return prepareAccess(context.router, route, session.settings.scope);
}
