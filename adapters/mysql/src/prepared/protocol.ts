import {
  type CachedRoute,
  fillWithin,
  type ForwardReason,
  type Route,
  routeOf,
} from "@freshet/adapter-core";
import {
  COMMAND,
  CURSOR,
  parseText,
  patchStatementId,
  readStatementId,
  StatementParams,
} from "@freshet/mysql-wire";
import { answerControl, preparedReply } from "../control.ts";
import { readsDiagnostics, replayHit } from "../diagnostics.ts";
import { writeExecuteHit } from "../hit.ts";
import { killClient, killedThread } from "../kill.ts";
import { boundKey, boundParams } from "../param-key.ts";
import { prepare, readiness } from "../readiness.ts";
import type { CommandPacket, Session } from "../session.ts";
import { begins } from "../transaction.ts";
import { columnsAhead } from "./control-columns.ts";
import {
  refuse,
  scopeHolds,
  sendExecution,
  unknownStatement,
  withUpstreamStatement,
} from "./forward.ts";
import { answerFromLearned, wantsLearning } from "./learned.ts";
import { LAST_PREPARED_ID, type Statement } from "./statement.ts";

const ATTEMPT_LIMIT = 3;
/** Flags of COM_STMT_EXECUTE stand behind the command and the id. */
const FLAGS_AT = 5;

/** Names in the server's own errors. */
const SERVER_NAMES: Readonly<Record<number, string>> = {
  [COMMAND.stmtExecute]: "mysqld_stmt_execute",
  [COMMAND.stmtReset]: "mysqld_stmt_reset",
  [COMMAND.stmtFetch]: "mysqld_stmt_fetch",
};

/** COM_STMT_*. */
export function handlePrepared(
  session: Session,
  command: CommandPacket,
  code: number,
): void | Promise<void> {
  if (code === COMMAND.stmtPrepare) return handlePrepare(session, command);
  const { buffer, payloadAt, end } = command;
  const id = readStatementId(buffer, payloadAt, end);
  // The last statement is not known before its preparation has been answered.
  if (id === LAST_PREPARED_ID && session.link?.queue.busy === true) {
    return session.link.queue
      .idle()
      .then(() => (session.closed ? undefined : withStatement(session, command, code, id)));
  }
  return withStatement(session, command, code, id);
}

function withStatement(
  session: Session,
  command: CommandPacket,
  code: number,
  id: number,
): void | Promise<void> {
  const statement = session.statements.get(id);
  switch (code) {
    case COMMAND.stmtSendLongData:
      if (statement === null) return session.discard(() => undefined);
      return sendLongData(session, command, statement);
    case COMMAND.stmtClose:
      if (statement === null) return undefined;
      session.cursors.delete(statement);
      return closeStatement(session, command, statement);
    default:
      break;
  }
  if (statement === null) {
    return session.discard(() =>
      whenIdle(session, () => unknownStatement(session, id, SERVER_NAMES[code] ?? "")),
    );
  }
  switch (code) {
    case COMMAND.stmtExecute:
      return handleExecute(session, command, statement);
    case COMMAND.stmtReset:
      return resetStatement(session, command, statement);
    default:
      return forwardById(session, command, statement, code);
  }
}

function whenIdle(session: Session, run: () => void | Promise<void>): void | Promise<void> {
  const { queue } = session.link ?? {};
  if (queue?.busy !== true) return run();
  return queue.idle().then(() => (session.closed ? undefined : run()));
}

function handlePrepare(session: Session, command: CommandPacket): void | Promise<void> {
  const { buffer, payloadAt, end, whole } = command;
  const text = whole ? parseText(buffer, payloadAt, end) : null;
  const statement = session.statements.create(text, session.transaction.scopeChanges);
  const route = routeOf(session, statement);
  if (route?.kind === "control" || route?.kind === "control-error") {
    return whenIdle(session, () => prepareControl(session, statement, route));
  }
  if (
    route?.kind === "forward" &&
    route.reason === "unknown-scope" &&
    !session.probing.scopeKnown
  ) {
    return prepare(session, null).then(() =>
      session.closed ? undefined : prepareRouted(session, command, statement),
    );
  }
  return prepareRouted(session, command, statement);
}

function prepareRouted(
  session: Session,
  command: CommandPacket,
  statement: Statement,
): void | Promise<void> {
  const route = routeOf(session, statement);
  scopeHolds(session, statement);
  if (route?.kind === "cached" && session.link?.queue.busy !== true) {
    if (readiness(session, route) === "ready" && answerFromLearned(session, route, statement)) {
      return undefined;
    }
  }
  // With settings known the reply can be remembered for the next who prepares this.
  if (route?.kind === "cached" && session.link === null) {
    return session
      .openLink()
      .then((link) => (link === null ? null : prepare(session, route)))
      .then(() => (session.closed ? undefined : forwardPreparation(session, command, statement)));
  }
  return forwardPreparation(session, command, statement);
}

function forwardPreparation(
  session: Session,
  command: CommandPacket,
  statement: Statement,
): void | Promise<void> {
  return session.withLink((link) => {
    const unit = session.beginPlain(link, COMMAND.stmtPrepare);
    unit.statement = statement;
    if (wantsLearning(session, statement)) unit.learned = [];
    session.forward(link, command);
  });
}

function prepareControl(
  session: Session,
  statement: Statement,
  route: Extract<Route, { readonly kind: "control" | "control-error" }>,
): void {
  if (route.kind === "control-error") {
    session.statements.undo(statement);
    session.error(1064, "42000", route.message);
    return;
  }
  statement.params = new StatementParams(0);
  session.out.add(preparedReply(session, statement.id, columnsAhead(route.statement)));
}

function handleExecute(
  session: Session,
  command: CommandPacket,
  statement: Statement,
): void | Promise<void> {
  const { buffer, payloadAt, whole } = command;
  const route = routeOf(session, statement);
  if (statement.scope === undefined) scopeHolds(session, statement);
  const cursor = (buffer[payloadAt + FLAGS_AT] as number) & ~CURSOR.parameterCountAvailable;
  if (!whole || route === null) {
    return forwardExecution(session, command, statement, route, "unparsed");
  }
  switch (route.kind) {
    case "cached": {
      if (cursor !== 0 || statement.longData) {
        const reason = cursor !== 0 ? "result-format" : "parameter-type";
        return forwardExecution(session, command, statement, route, reason);
      }
      const verdict = tryHit(session, route, statement, command);
      if (verdict === null) return undefined;
      if (verdict === "async") return answerLater(session, command, statement);
      return forwardExecution(session, command, statement, route, verdict);
    }
    case "forward": {
      if (route.reason === "unknown-scope" && !session.probing.scopeKnown && cursor === 0) {
        return answerLater(session, command, statement);
      }
      const kill =
        route.traits.verb === "kill" ? killedThread(session, statement.text ?? "") : null;
      if (kill !== null) return killClient(session, kill);
      return forwardExecution(session, command, statement, route, route.reason);
    }
    case "control":
      return answerControl(session, route.statement, true);
    case "control-error":
      return whenIdle(session, () => session.error(1064, "42000", route.message));
  }
}

/** Null: answered. */
function tryHit(
  session: Session,
  route: CachedRoute,
  statement: Statement,
  command: CommandPacket,
): ForwardReason | "async" | null {
  const ready = readiness(session, route);
  if (ready !== "ready") return ready;
  if (scopeHolds(session, statement) !== true) return "session-setting";
  const key = boundKey(session, route, statement, command);
  if (key === null) return "parameter-type";
  const entry = session.context.router.lookup(route, key);
  return entry === null ? "async" : writeExecuteHit(session, route, entry, statement, command);
}

async function answerLater(
  session: Session,
  command: CommandPacket,
  statement: Statement,
): Promise<void> {
  let reason: ForwardReason = "not-serving";
  let route: Route | null = null;
  for (let attempt = 0; attempt < ATTEMPT_LIMIT; attempt += 1) {
    const unprepared = await prepare(session, route?.kind === "cached" ? route : null);
    if (session.closed) return;
    if (session.killed) return session.interrupted();
    route = routeOf(session, statement);
    reason = unprepared ?? (route?.kind === "forward" ? route.reason : reason);
    if (unprepared !== null || route?.kind !== "cached" || statement.longData) break;
    const verdict = tryHit(session, route, statement, command);
    if (verdict === null) return;
    reason = verdict === "async" ? reason : verdict;
    if (verdict !== "async") break;
    if (readiness(session, route) !== "ready") continue;
    const filled = await fillBound(session, route, statement, command);
    if (session.closed) return;
    if (session.killed) return session.interrupted();
    reason = typeof filled === "string" ? filled : "not-serving";
    if (typeof filled === "string") break;
    if (readiness(session, route) !== "ready") continue;
    if (scopeHolds(session, statement) !== true) continue;
    const refused = writeExecuteHit(session, route, filled, statement, command, true);
    if (refused === null) return;
    reason = refused;
    break;
  }
  await forwardExecution(session, command, statement, route, reason);
}

async function fillBound(
  session: Session,
  route: CachedRoute,
  statement: Statement,
  command: CommandPacket,
) {
  const key = boundKey(session, route, statement, command);
  const params = boundParams(session, route, statement, command);
  if (key === null || params === null) return "parameter-type";
  return fillWithin(session.context, { route, key, params });
}

function forwardExecution(
  session: Session,
  command: CommandPacket,
  statement: Statement,
  route: Route | null,
  reason: ForwardReason,
): void | Promise<void> {
  const known = route?.kind === "cached" || route?.kind === "forward" ? route.traits : null;
  const traits = session.believed(known, statement.text);
  const execute = () =>
    withUpstreamStatement(
      session,
      statement,
      (link, upstreamId) => {
        if (traits !== null && begins(traits)) session.probing.probeAhead(link);
        const { stmtExecute } = COMMAND;
        const unit = session.beginUnit(link, "client", stmtExecute, traits, statement.text);
        if (wantsCursor(command)) unit.cursor = statement;
        session.account.forwarded(route, reason);
        sendExecution(link, statement, upstreamId, command, session.capabilities);
        statement.longData = false;
        statement.params.longData.clear();
      },
      (error) => session.discard(() => refuse(session, statement.id, "mysqld_stmt_execute", error)),
    );
  if (session.hits.due && (traits === null || readsDiagnostics(traits))) {
    return session.withLink((link) => {
      const replayed = replayHit(session, link);
      return replayed === undefined ? execute() : replayed.then(execute);
    });
  }
  return execute();
}

/** No reply, whatever happens. */
function sendLongData(
  session: Session,
  command: CommandPacket,
  statement: Statement,
): void | Promise<void> {
  const { buffer, start, payloadAt, end } = command;
  statement.longData = true;
  if (end - payloadAt >= 7) statement.params.longData.add(buffer.readUInt16LE(payloadAt + 5));
  return withUpstreamStatement(
    session,
    statement,
    (link, upstreamId) => {
      patchStatementId(buffer, payloadAt, upstreamId);
      link.out.add(buffer, start, end);
    },
    () => session.discard(() => undefined),
  );
}

/** No reply. */
function closeStatement(
  session: Session,
  command: CommandPacket,
  statement: Statement,
): void | Promise<void> {
  const { link } = session;
  const { buffer, start, payloadAt, end } = command;
  if (statement.upstreamId === null && link?.queue.busy === true) {
    return link.queue
      .idle()
      .then(() => (session.closed ? undefined : closeStatement(session, command, statement)));
  }
  session.statements.delete(statement);
  if (link === null || statement.upstreamId === null) return undefined;
  patchStatementId(buffer, payloadAt, statement.upstreamId);
  link.out.add(buffer, start, end);
  // Its last answer may still have to be asked for upstream (`diagnostics.ts`).
  statement.upstreamId = null;
  return undefined;
}

function resetStatement(
  session: Session,
  command: CommandPacket,
  statement: Statement,
): void | Promise<void> {
  statement.longData = false;
  statement.params.longData.clear();
  if (statement.upstreamId === null) {
    return whenIdle(session, () => {
      if (statement.upstreamId === null) return session.ok();
      return forwardById(session, command, statement, COMMAND.stmtReset);
    });
  }
  return forwardById(session, command, statement, COMMAND.stmtReset);
}

/** The flags stand behind the statement's id. */
function wantsCursor({ buffer, payloadAt, end }: CommandPacket): boolean {
  return payloadAt + 5 < end && buffer[payloadAt + 5] !== CURSOR.none;
}

function forwardById(
  session: Session,
  command: CommandPacket,
  statement: Statement,
  code: number,
): void | Promise<void> {
  return withUpstreamStatement(
    session,
    statement,
    (link, upstreamId) => {
      const { buffer, start, payloadAt, end } = command;
      const unit = session.beginPlain(link, code);
      if (code === COMMAND.stmtFetch) unit.cursor = statement;
      else session.cursors.delete(statement);
      patchStatementId(buffer, payloadAt, upstreamId);
      link.out.add(buffer, start, end);
    },
    (error) => refuse(session, statement.id, SERVER_NAMES[code] ?? "", error),
  );
}
