import {
  type CachedRoute,
  fillWithin,
  type ForwardReason,
  type Route,
} from "@freshet/adapter-core";
import { CLIENT, COMMAND, ERROR, parseQuery } from "@freshet/mysql-wire";
import { byteString } from "@freshet/util";
import type { StatementTraits } from "@freshet/sql";
import { answerControl } from "./control.ts";
import { readsDiagnostics, replayHit } from "./diagnostics.ts";
import { writeQueryHit } from "./hit.ts";
import { killedThread, killClient } from "./kill.ts";
import { prepare, readiness } from "./readiness.ts";
import type { CommandPacket, Session } from "./session.ts";
import { begins } from "./transaction.ts";
import type { UpstreamLink } from "./upstream/link.ts";

/** Rounds of wait-and-ask-again before the statement is forwarded. */
const ATTEMPT_LIMIT = 3;

/** COM_QUERY. */
export function handleQuery(session: Session, command: CommandPacket): void | Promise<void> {
  if (!command.whole) return forwardLong(session, command);
  const text = queryText(session, command);
  const route = session.context.router.route(text, session);
  switch (route.kind) {
    case "cached": {
      const verdict = tryHit(session, route, text);
      if (verdict === null) return undefined;
      if (verdict === "async") return answerLater(session, command, text);
      return forwardQuery(session, command, route, text, verdict);
    }
    case "forward": {
      if (route.reason === "unknown-scope" && !session.probing.scopeKnown) {
        return answerLater(session, command, text);
      }
      const killed = route.traits.verb === "kill" ? killedThread(session, text) : null;
      if (killed !== null) return killClient(session, killed);
      return forwardQuery(session, command, route, text, route.reason);
    }
    case "control":
      return answerControl(session, route.statement);
    case "control-error":
      return controlError(session, route.message);
  }
}

const LONG_WRITE = /^\s*(insert|replace|update|delete)\s/i;
const LONG_PREFIX_BYTES = 200;

/**
 * A statement too long to be looked at as a whole, as bulk inserts are: its first word tells what
 * it is when it cannot be followed by another statement.
 */
function forwardLong(session: Session, command: CommandPacket): void | Promise<void> {
  const { buffer, payloadAt } = command;
  const prefix = byteString(buffer, payloadAt + 1, payloadAt + LONG_PREFIX_BYTES);
  const attributes = (session.capabilities & CLIENT.queryAttributes) !== 0;
  const plain = !attributes || prefix.startsWith("\0\x01");
  const verb = LONG_WRITE.exec(plain && attributes ? prefix.slice(2) : prefix)?.[1];
  if (!plain || verb === undefined || session.multiStatements) {
    return forwardQuery(session, command, null, null, "unparsed");
  }
  const traits: StatementTraits = {
    verb: verb.toLowerCase(),
    multiple: false,
    read: false,
    mayWrite: true,
    mayChangeSession: true,
    uncacheable: null,
    skipCache: false,
    readsDiagnostics: true,
  };
  const route: Route = { kind: "forward", traits, queryId: null, reason: "unparsed" };
  return forwardQuery(session, command, route, verb, "unparsed");
}

/** Without query attributes, nearly always, the text stands at a fixed place. */
function queryText(session: Session, { buffer, payloadAt, end }: CommandPacket): string {
  if ((session.capabilities & CLIENT.queryAttributes) === 0) {
    return byteString(buffer, payloadAt + 1, end);
  }
  if (end - payloadAt >= 3 && buffer[payloadAt + 1] === 0 && buffer[payloadAt + 2] === 1) {
    return byteString(buffer, payloadAt + 3, end);
  }
  return parseQuery(buffer, payloadAt, end, session.capabilities).text;
}

/** Null: answered. */
function tryHit(
  session: Session,
  route: CachedRoute,
  text: string,
): ForwardReason | "async" | null {
  const ready = readiness(session, route);
  if (ready !== "ready") return ready;
  if (route.fixedKey === null) return "parameter-type";
  const entry = session.context.router.lookup(route, route.fixedKey);
  return entry === null ? "async" : writeQueryHit(session, route, entry, text);
}

async function answerLater(session: Session, command: CommandPacket, text: string): Promise<void> {
  let reason: ForwardReason = "not-serving";
  let route: Route | null = null;
  for (let attempt = 0; attempt < ATTEMPT_LIMIT; attempt += 1) {
    const unprepared = await prepare(session, route?.kind === "cached" ? route : null);
    if (session.closed) return;
    if (session.killed) return session.interrupted();
    route = session.context.router.route(text, session);
    reason = unprepared ?? (route.kind === "forward" ? route.reason : reason);
    if (unprepared !== null || route.kind !== "cached") break;
    const verdict = tryHit(session, route, text);
    if (verdict === null) return;
    reason = verdict === "async" ? reason : verdict;
    if (verdict !== "async") break;
    if (readiness(session, route) !== "ready") continue;
    const filled = await fillFixed(session, route);
    if (session.closed) return;
    if (session.killed) return session.interrupted();
    reason = typeof filled === "string" ? filled : "not-serving";
    if (typeof filled === "string") break;
    // What a fill brought is served if nothing that matters has changed meanwhile.
    if (readiness(session, route) !== "ready") continue;
    const refused = writeQueryHit(session, route, filled, text, true);
    if (refused === null) return;
    reason = refused;
    break;
  }
  await forwardQuery(session, command, route, text, reason);
}

async function fillFixed(session: Session, route: CachedRoute) {
  const { fixedKey: key, fixedParams: params } = route;
  if (key === null || params === null) return "parameter-type";
  return fillWithin(session.context, { route, key, params });
}

async function controlError(session: Session, message: string): Promise<void> {
  await session.link?.queue.idle();
  if (!session.closed) session.error(ERROR.parse, "42000", message);
}

/** `route` or `text` null: the statement was not looked at, so it may do anything. */
export function forwardQuery(
  session: Session,
  command: CommandPacket,
  route: Route | null,
  text: string | null,
  reason: ForwardReason,
): void | Promise<void> {
  const known = route?.kind === "cached" || route?.kind === "forward" ? route.traits : null;
  const traits = session.believed(known, text);
  return session.withLink((link) => {
    const send = () => sendQuery(session, link, command, traits, text, route, reason);
    if (session.hits.due && (traits === null || readsDiagnostics(traits))) {
      const replayed = replayHit(session, link);
      if (replayed !== undefined) return replayed.then(() => (link.closed ? undefined : send()));
    }
    return send();
  });
}

function sendQuery(
  session: Session,
  link: UpstreamLink,
  command: CommandPacket,
  traits: StatementTraits | null,
  text: string | null,
  route: Route | null,
  reason: ForwardReason,
): void {
  if (traits !== null && begins(traits)) session.probing.probeAhead(link);
  const unit = session.beginUnit(link, "client", COMMAND.query, traits, text);
  unit.mayAskClient =
    (session.capabilities & CLIENT.localFiles) !== 0 &&
    (traits === null || traits.multiple || traits.verb === "load");
  session.account.forwarded(route, reason);
  session.forward(link, command);
}
