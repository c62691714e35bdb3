import {
  type CachedRoute,
  fillWithin,
  type ForwardReason,
  isControlError,
  type Route,
} from "@freshet/adapter-core";
import type { StatementTraits } from "@freshet/sql";
import {
  commandComplete,
  dataRow,
  type FrameReader,
  parse,
  parseQuery,
  rowDescription,
  STATUS,
  SYNC,
} from "@freshet/pg-wire";
import { controlColumns, runControl, writeNotices } from "./control.ts";
import { writeQueryHit } from "./hit.ts";
import { prepare, readiness } from "./readiness.ts";
import type { Session } from "./session.ts";
import { begins } from "./transaction.ts";
import type { UpstreamLink } from "./upstream/link.ts";

/** A Query message that stays where it is while the session waits. */
interface QueryFrame {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Rounds of wait-and-ask-again before the statement is forwarded. */
const ATTEMPT_LIMIT = 3;

export function handleQuery(session: Session, frame: FrameReader): void | Promise<void> {
  const { buffer, start, end, last } = frame;
  const query: QueryFrame = { buffer, start, end };
  if (session.extended.open || session.extended.syncDue) return session.extended.interrupt(query);
  const { queue = null } = session.link ?? {};
  if (queue?.unsettled === true) {
    return queue.settled().then(() => (session.closed ? undefined : handleQuery(session, frame)));
  }
  // A COPY FROM or a batch that failed takes no Query.
  if (queue?.busy === true && !queue.endsByItself) session.statements.distrustUnnamed();
  else session.statements.delete("");
  const open = queue?.open ?? null;
  if (!last || open !== null) {
    return forwardQuery(session, query, null, null, "unparsed");
  }
  const text = parseQuery(buffer, start, end);
  const route = session.context.router.route(text, session);
  if (session.status === STATUS.failed && session.link?.queue.busy !== true) {
    return forwardQuery(session, query, route, text, "in-transaction");
  }
  switch (route.kind) {
    case "cached": {
      const verdict = tryHit(session, route);
      if (verdict === null) return undefined;
      if (verdict === "async") return answerLater(session, query, text);
      return forwardQuery(session, query, route, text, verdict);
    }
    case "forward":
      if (route.reason === "unknown-scope" && mayAsk(session)) {
        return answerLater(session, query, text);
      }
      if (route.traits.verb === "deallocate" && deallocateHere(session, text)) return undefined;
      return forwardQuery(session, query, route, text, route.reason);
    case "control":
    case "control-error":
      return answerControl(session, route);
  }
}

/** Settings can only be probed between transactions. */
function mayAsk(session: Session): boolean {
  if (session.scopeKnown) return false;
  if (session.link?.queue.busy === true) return session.link.queue.endsByItself;
  return session.status === STATUS.idle;
}

/** Null: answered. */
function tryHit(session: Session, route: CachedRoute): ForwardReason | "async" | null {
  const ready = readiness(session, route);
  if (ready !== "ready") return ready;
  if (route.fixedKey === null) return "parameter-type";
  const entry = session.context.router.lookup(route, route.fixedKey);
  return entry === null ? "async" : writeQueryHit(session, route, entry);
}

async function answerLater(session: Session, query: QueryFrame, text: string): Promise<void> {
  let reason: ForwardReason = "not-serving";
  let route: Route | null = null;
  for (let attempt = 0; attempt < ATTEMPT_LIMIT; attempt += 1) {
    const unprepared = await prepare(session, route?.kind === "cached" ? route : null);
    if (session.closed) return;
    route = session.context.router.route(text, session);
    reason = unprepared ?? (route.kind === "forward" ? route.reason : reason);
    if (unprepared !== null || route.kind !== "cached") break;
    const verdict = tryHit(session, route);
    if (verdict === null) return;
    reason = verdict === "async" ? reason : verdict;
    if (verdict !== "async") break;
    if (readiness(session, route) !== "ready") continue;
    const filled = await fillFixed(session, route);
    if (session.closed) return;
    reason = typeof filled === "string" ? filled : "not-serving";
    if (typeof filled === "string") break;
    // What a fill brought is served if nothing that matters has changed meanwhile.
    if (readiness(session, route) !== "ready") continue;
    const refused = writeQueryHit(session, route, filled, true);
    if (refused === null) return;
    reason = refused;
    break;
  }
  await forwardQuery(session, query, route, text, reason);
}

async function fillFixed(session: Session, route: CachedRoute) {
  const { fixedKey: key, fixedParams: params } = route;
  if (key === null || params === null) return "parameter-type";
  return fillWithin(session.context, { route, key, params });
}

async function answerControl(
  session: Session,
  route: Extract<Route, { readonly kind: "control" | "control-error" }>,
): Promise<void> {
  await session.link?.queue.idle();
  if (session.closed) return;
  if (route.kind === "control-error") {
    session.error({ code: "42601", message: route.message, position: route.position });
    return session.ready();
  }
  const result = await runControl(session, route.statement);
  if (session.closed) return;
  if (isControlError(result)) {
    session.error(result);
  } else {
    writeNotices(session, result);
    if (result.columns.length > 0) {
      session.out.add(rowDescription(controlColumns(result.columns)));
      for (const row of result.rows) session.out.add(dataRow(row));
    }
    session.out.add(commandComplete(result.tag));
  }
  session.ready();
}

/** `route` or `text` null: the statement was not looked at, so it may do anything. */
export function forwardQuery(
  session: Session,
  { buffer, start, end }: QueryFrame,
  route: Route | null,
  text: string | null,
  reason: ForwardReason,
): void | Promise<void> {
  return session.withLink((link) => {
    const traits = route?.kind === "cached" || route?.kind === "forward" ? route.traits : null;
    if (traits === null || touchesStatements(traits))
      catchUpStatements(session, link, traits, text);
    if (traits !== null && begins(traits)) session.probeAhead(link);
    const open = link.queue.open;
    if (open === null) session.beginUnit(link, "query", traits, text).complete = true;
    else session.transaction.sent(open, traits, text);
    session.account.forwarded(route, reason);
    link.out.add(buffer, start, end);
  });
}

const STATEMENT_VERBS = new Set(["prepare", "execute", "deallocate", "discard", "explain"]);

export function touchesStatements(traits: StatementTraits): boolean {
  return traits.multiple || STATEMENT_VERBS.has(traits.verb);
}

/**
 * SQL that works on prepared statements by name must find upstream those that were parsed only
 * here; afterwards only the upstream knows which are left.
 */
function catchUpStatements(
  session: Session,
  link: UpstreamLink,
  traits: StatementTraits | null,
  text: string | null,
): void {
  const { statements } = session;
  const virtual = statements.virtual().filter((statement) => statement.text !== null);
  if (link.queue.open === null) {
    // Each on its own: the failure of one must not take the others along.
    for (const statement of virtual) {
      const unit = session.beginUnit(link, "hidden", null, null);
      unit.complete = true;
      statement.upstream = true;
      unit.unsettled = true;
      unit.operations.push({ kind: "parse", statement, previous: null, swallow: true });
      link.out.add(parse(statement.name, statement.text ?? "", statement.typeIds));
      link.out.add(SYNC);
    }
  }
  const dropped = traits?.verb === "deallocate" && text !== null ? deallocatedName(text) : null;
  if (dropped !== null) statements.distrust(dropped);
  else if (traits?.verb !== "execute" && traits?.verb !== "explain") statements.distrust();
  if (traits === null || traits.multiple || traits.verb === "prepare") {
    statements.namesUncertain = true;
  }
}

const DEALLOCATE = /^\s*deallocate\s+(?:prepare\s+)?(?:"([^"]+)"|([a-z_][a-z0-9_$]*))\s*;?\s*$/i;

/** The one name a DEALLOCATE drops; null for ALL and for what is not that plain. */
function deallocatedName(text: string): string | null {
  const match = DEALLOCATE.exec(text);
  const [, quoted, plain] = match ?? [];
  if (quoted !== undefined) return quoted;
  const name = plain?.toLowerCase();
  return name === undefined || name === "all" || name === "prepare" ? null : name;
}

/** Drivers drop protocol statements by SQL; one that only we know needs no upstream for that. */
function deallocateHere(session: Session, text: string): boolean {
  const name = deallocatedName(text);
  const statement = name === null ? undefined : session.statements.get(name);
  if (statement === undefined || statement.upstream || statement.uncertain) return false;
  if (session.statements.namesUncertain || session.link?.queue.busy === true) return false;
  if (session.status === STATUS.failed) return false;
  session.statements.delete(statement.name);
  session.out.add(commandComplete("DEALLOCATE"));
  session.ready();
  return true;
}
