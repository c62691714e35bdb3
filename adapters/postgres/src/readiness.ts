import {
  type CachedRoute,
  type ForwardReason,
  prepareAccess,
  type Readiness,
} from "@freshet/adapter-core";
import { STATUS } from "@freshet/pg-wire";
import type { Session } from "./session.ts";

/** May this session be answered from this cache, now? Synchronous; on the path of every hit. */
export function readiness(session: Session, route: CachedRoute): Readiness {
  const { router } = session.context;
  if (!router.serving) return "not-serving";
  const blocked = sessionReadiness(session);
  if (blocked !== "ready") return blocked;
  if (session.status === STATUS.transaction) {
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
export function sessionReadiness(session: Session): Readiness {
  const { link, transaction } = session;
  if (link?.queue.busy === true) return link.queue.endsByItself ? "async" : "mixed-batch";
  if (session.status === STATUS.failed) return "in-transaction";
  const unknown = !session.scopeKnown || session.probeExpired();
  if (session.status === STATUS.idle) {
    return unknown || transaction.needsPosition ? "async" : "ready";
  }
  // No probe inside the client's transaction: were it to fail, it would fail the transaction.
  if (!session.scopeKnown) return "session-setting";
  if (transaction.needsPosition) return transaction.positionKnown ? "async" : "behind-own-write";
  return "ready";
}

function transactionReadiness(session: Session, route: CachedRoute): Readiness {
  switch (route.cache.inTransaction) {
    case "never":
      return "in-transaction";
    case "always":
      return "ready";
    case "until-write": {
      const { transaction } = session;
      if (transaction.wrote) return "transaction-wrote";
      const readCommitted =
        transaction.defaultIsolation &&
        session.settings.hidden?.defaultIsolation === "read committed";
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
  if (session.link?.queue.busy === true) {
    if (!session.link.queue.endsByItself) return "mixed-batch";
    await session.link.queue.idle();
  }
  if (session.closed) return "not-serving";
  if (session.status === STATUS.idle) {
    if (transaction.wantsProbe || !session.scopeKnown || session.probeExpired()) {
      if (!(await session.probe())) return "session-setting";
    }
  }
  if (transaction.needsPosition) {
    const position = transaction.positionKnown ? session.settings.hidden?.position : undefined;
    if (position === undefined) return "behind-own-write";
    const limitMs = context.limits.ownWriteLimitMs;
    if (!(await context.router.awaitPosition(position, limitMs))) return "behind-own-write";
    transaction.needsPosition = false;
  }
  return prepareAccess(context.router, route, session.settings.scope);
}
