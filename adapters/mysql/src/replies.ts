import {
  COMMAND,
  ERROR,
  parseColumnDefinition,
  parseTextRow,
  patchStatementId,
  SERVER_STATUS,
  StatementParams,
} from "@freshet/mysql-wire";
import { learnedDone } from "./prepared/learned.ts";
import type { Statement } from "./prepared/statement.ts";
import type { Session } from "./session.ts";
import type { UpstreamLink } from "./upstream/link.ts";
import type { UpstreamUnit } from "./upstream/reply-queue.ts";

/** Flags that belong to one result, not to the session. */
const RESULT_FLAGS =
  SERVER_STATUS.moreResultsExist |
  SERVER_STATUS.noGoodIndexUsed |
  SERVER_STATUS.noIndexUsed |
  SERVER_STATUS.cursorExists |
  SERVER_STATUS.lastRowSent |
  SERVER_STATUS.queryWasSlow |
  SERVER_STATUS.psOutParams |
  SERVER_STATUS.metadataChanged |
  SERVER_STATUS.databaseDropped |
  SERVER_STATUS.sessionStateChanged;

/** Handles the link's current packet: passes it on as it is, and keeps the session's state. */
export function onReply(session: Session, link: UpstreamLink): void {
  const { reader, tracker, queue } = link;
  const unit = queue.head;
  if (unit === null) return onUnasked(session, link);
  if (reader.first) {
    if (!unit.begun) {
      unit.begun = true;
      tracker.begin(unit.command);
    }
    look(session, link, unit);
  }
  if (unit.kind === "client") {
    session.out.add(reader.buffer, reader.start, reader.end);
    unit.learned?.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)));
  }
  if (reader.last && tracker.done) finish(session, link, unit);
}

/** A server that closes the connection says why (4031, 1053): the client's last words too. */
function onUnasked(session: Session, link: UpstreamLink): void {
  const { reader, tracker } = link;
  if (reader.first) {
    const kind = tracker.packet(reader.buffer, reader.payloadAt, reader.length);
    if (kind === "error") session.farewellForwarded = true;
  }
  session.out.add(reader.buffer, reader.start, reader.end);
}

function look(session: Session, link: UpstreamLink, unit: UpstreamUnit): void {
  const { reader, tracker } = link;
  const { buffer, payloadAt } = reader;
  switch (tracker.packet(buffer, payloadAt, reader.length)) {
    case "prepare-ok":
      onPrepared(link, unit);
      return;
    case "error":
      unit.failed = true;
      if (tracker.errorCode === ERROR.clientInteractionTimeout) session.farewellForwarded = true;
      if (unit.kind === "hidden" && reader.last) {
        unit.error = Buffer.from(buffer.subarray(payloadAt, reader.end));
      }
      return;
    case "infile":
      link.queue.clientAsked();
      return;
    case "column":
      if (unit.wantedColumns > 0 && unit.charset === 0 && reader.last) {
        unit.charset = parseColumnDefinition(buffer, payloadAt, reader.end).charset;
      }
      return;
    case "row":
      if (unit.wantedColumns > 0 && reader.last) {
        unit.row = parseTextRow(buffer, payloadAt, reader.end, unit.wantedColumns);
        unit.rows?.push(unit.row);
      }
      return;
    default:
      return;
  }
}

/** The client knows the statement by our id, the upstream by its own. */
function onPrepared(link: UpstreamLink, unit: UpstreamUnit): void {
  const { statement } = unit;
  if (statement === null) return;
  const { reader, tracker } = link;
  statement.upstreamId = tracker.statementId;
  statement.upstreamHasTypes = false;
  if (unit.kind === "hidden") return;
  statement.params = new StatementParams(tracker.paramCount);
  statement.columnCount = tracker.columnCount;
  patchStatementId(reader.buffer, reader.payloadAt, statement.id);
}

/** Rows are left in the upstream, or not any more. */
function cursorMoved(session: Session, statement: Statement, status: number): void {
  const { cursorExists, lastRowSent, moreResultsExist } = SERVER_STATUS;
  const flags = status & (cursorExists | lastRowSent | moreResultsExist);
  if (flags === cursorExists) session.cursors.add(statement);
  else session.cursors.delete(statement);
}

function finish(session: Session, link: UpstreamLink, unit: UpstreamUnit): void {
  const { tracker } = link;
  const before = session.status;
  // An ERR has no flags: those of the results before it stand, and a transaction that it ended
  // shows with the next OK.
  session.status = tracker.status & ~RESULT_FLAGS;
  if (unit.command === COMMAND.query) link.queries += 1;
  if (unit.kind === "client" && unit.statement !== null) {
    if (unit.failed) session.statements.undo(unit.statement);
    else if (unit.learned !== null) learnedDone(session, unit.statement, unit.learned);
  }
  if (unit.cursor !== null) cursorMoved(session, unit.cursor, unit.failed ? 0 : tracker.status);
  session.transaction.unitEnded(unit, before, session.status);
  // Waiters run after this turn, so the reply is on its way before they write.
  link.queue.shift();
  session.account.replied(unit, unit.failed);
  unit.onDone?.(unit);
}
