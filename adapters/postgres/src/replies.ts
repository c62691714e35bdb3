import { BACKEND, parseDataRow, parseParameterStatus } from "@freshet/pg-wire";
import type { Session } from "./session.ts";
import type { UpstreamLink } from "./upstream/link.ts";
import type { UpstreamUnit } from "./upstream/reply-queue.ts";

/** Handles the link's current frame: passes it on as it is, and keeps the session's state. */
export function onReply(session: Session, link: UpstreamLink): void {
  const frame = link.reader;
  const unit = link.queue.head;
  const hidden = unit?.kind === "hidden";
  if (frame.first) {
    if (unit !== null && endsStep(frame.type)) unit.stepsDone += 1;
    switch (frame.type) {
      case BACKEND.readyForQuery:
        onReady(session, link, frame.buffer[frame.start + 5] as number);
        if (!hidden) forward(session, link);
        return;
      case BACKEND.parameterStatus:
        if (frame.last) {
          const { name, value } = parseParameterStatus(frame.buffer, frame.start, frame.end);
          session.settings.report(name, value);
        }
        return forward(session, link);
      case BACKEND.notice:
      case BACKEND.notification:
        return forward(session, link);
      case BACKEND.parseComplete:
      case BACKEND.closeComplete:
        if (unit !== null && operationDone(session, unit)) return;
        break;
      case BACKEND.error:
        if (unit === null) session.fatalForwarded = true;
        else {
          unit.failed = true;
          if (unit.copyIn) unit.copyIn = false;
          if (unit.stepsDone < (unit.interruptedAfter ?? 0)) link.queue.skippedToSync();
          if (hidden) return;
          if (isFatal(frame.buffer, frame.start)) session.fatalForwarded = true;
        }
        break;
      case BACKEND.copyInResponse:
        link.queue.copyStarted();
        break;
      case BACKEND.dataRow:
        if (hidden && frame.last) unit.row = parseDataRow(frame.buffer, frame.start, frame.end);
        break;
      default:
        break;
    }
  }
  if (!hidden) forward(session, link);
}

/** The last reply to one extended message other than Flush and Sync. */
function endsStep(type: number): boolean {
  switch (type) {
    case BACKEND.parseComplete:
    case BACKEND.bindComplete:
    case BACKEND.closeComplete:
    case BACKEND.rowDescription:
    case BACKEND.noData:
    case BACKEND.commandComplete:
    case BACKEND.emptyQuery:
    case BACKEND.portalSuspended:
      return true;
    default:
      return false;
  }
}

function forward(session: Session, link: UpstreamLink): void {
  session.out.add(link.reader.buffer, link.reader.start, link.reader.end);
}

/** The first field is the severity. */
function isFatal(buffer: Buffer, start: number): boolean {
  const first = buffer[start + 6];
  return buffer[start + 5] === 0x53 && (first === 0x46 || first === 0x50);
}

/** True when the reply was for a message of ours and is dropped. */
function operationDone(session: Session, unit: UpstreamUnit): boolean {
  const operation = unit.operations[unit.operationsDone];
  if (operation === undefined) return false;
  unit.operationsDone += 1;
  if (operation.kind !== "parse") return false;
  const { statement, swallow } = operation;
  // A name that we thought was taken may have been free (DEALLOCATE).
  if (!swallow && statement.name !== "") session.statements.set(statement);
  return swallow;
}

function onReady(session: Session, link: UpstreamLink, status: number): void {
  const unit = link.queue.head;
  const before = session.status;
  session.status = status;
  if (unit !== null) {
    undoFailedOperations(session, unit);
    if (!unit.failed) for (const statement of unit.validates) statement.validated = true;
    session.transaction.unitEnded(unit, before, status);
  }
  // Waiters run after this turn, so the ReadyForQuery is on its way before they write.
  link.queue.shift();
  if (unit !== null) session.account.replied(unit, unit.failed);
  unit?.onReady?.(unit);
}

function undoFailedOperations(session: Session, unit: UpstreamUnit): void {
  for (let i = unit.operations.length - 1; i >= unit.operationsDone; i -= 1) {
    const operation = unit.operations[i];
    if (operation === undefined || operation.kind === "close-portal") continue;
    if (operation.kind === "close") session.statements.restore(operation.name, operation.previous);
    else {
      operation.statement.upstream = false;
      if (operation.swallow) continue;
      operation.statement.undone = operation;
      if (session.statements.get(operation.statement.name) === operation.statement) {
        session.statements.restore(operation.statement.name, operation.previous);
      }
    }
  }
}
