import {
  CLIENT,
  COMMAND,
  CURSOR,
  ERROR,
  packet,
  type ParamTypes,
  parseErr,
  parseExecute,
  patchStatementId,
  payload,
  PayloadReader,
  prepareCommand,
} from "@freshet/mysql-wire";
import type { CommandPacket, Session } from "../session.ts";
import type { UpstreamLink } from "../upstream/link.ts";
import type { Statement } from "./statement.ts";

/**
 * Runs with the statement's id upstream: at once when it has one, else it is prepared there
 * first, unseen by the client. `run` is not called when that fails: then `refused` has the ERR.
 */
export function withUpstreamStatement(
  session: Session,
  statement: Statement,
  run: (link: UpstreamLink, upstreamId: number) => void,
  refused: (error: Buffer | null) => void,
): void | Promise<void> {
  return session.withLink((link) => {
    if (statement.upstreamId !== null) return run(link, statement.upstreamId);
    return prepareThere(session, link, statement).then((error) => {
      if (session.closed || link.closed) return;
      if (statement.upstreamId === null) refused(error);
      else run(link, statement.upstreamId);
    });
  });
}

/** The ERR payload when it failed. */
async function prepareThere(
  session: Session,
  link: UpstreamLink,
  statement: Statement,
): Promise<Buffer | null> {
  // Its own preparation may be on its way (clients that do not wait for the id).
  if (link.queue.busy) await link.queue.idle();
  if (link.closed || statement.upstreamId !== null || statement.text === null) return null;
  const unit = session.beginUnit(link, "hidden", COMMAND.stmtPrepare, null, null);
  unit.statement = statement;
  const done = new Promise<Buffer | null>((resolve) => {
    unit.onDone = () => resolve(unit.error);
  });
  link.out.add(packet(0, prepareCommand(statement.text)));
  link.out.flush();
  return done;
}

/** The client is told why its command cannot be carried out. */
export function refuse(session: Session, id: number, what: string, error: Buffer | null): void {
  if (error !== null) {
    const { code, sqlState, message } = parseErr(error, 0, error.length);
    session.error(code, sqlState, message);
  } else unknownStatement(session, id, what);
}

export function unknownStatement(session: Session, id: number, what: string): void {
  const where = session.context.greetings.isMariadb ? what : "mysql_stmt_precheck";
  session.error(
    ERROR.unknownStatementHandler,
    "HY000",
    `Unknown prepared statement handler (${id}) given to ${where}`,
  );
}

/**
 * Sends an execution on. Types that the client bound while a cache answered are unknown
 * upstream: they are sent along.
 */
export function sendExecution(
  link: UpstreamLink,
  statement: Statement,
  upstreamId: number,
  command: CommandPacket,
  capabilities: number,
): void {
  const { buffer, start, payloadAt, end, whole } = command;
  patchStatementId(buffer, payloadAt, upstreamId);
  const bound = statement.params.count > 0 && whole;
  if (!bound) {
    link.out.add(buffer, start, end);
    return;
  }
  const before = statement.params.bound;
  const { typesBound } = parseExecute(buffer, payloadAt, end, statement.params, capabilities);
  if (typesBound || statement.upstreamHasTypes || before === null) {
    statement.upstreamHasTypes = true;
    link.out.add(buffer, start, end);
    return;
  }
  statement.upstreamHasTypes = true;
  link.out.add(packet(0, withTypes(buffer.subarray(payloadAt, end), before, capabilities)));
}

/** Command, id, flags and iteration count. */
const EXECUTE_HEAD_BYTES = 10;
const FLAGS_AT = 5;

/** The same COM_STMT_EXECUTE with the types, and names where it counts its parameters, in it. */
function withTypes(bytes: Buffer, { types, names }: ParamTypes, capabilities: number): Buffer {
  const reader = new PayloadReader(bytes, EXECUTE_HEAD_BYTES, bytes.length);
  const counted =
    (capabilities & CLIENT.queryAttributes) !== 0 &&
    ((bytes[FLAGS_AT] as number) & CURSOR.parameterCountAvailable) !== 0;
  if (counted) reader.lenencInt();
  reader.skip((types.length + 7) >> 3);
  const flagAt = reader.at;
  return payload((out) => {
    out.raw(bytes.subarray(0, flagAt));
    out.uint8(1);
    types.forEach((type, index) => {
      out.uint16(type);
      if (counted) out.lenencText(names[index] ?? "");
    });
    out.raw(bytes.subarray(flagAt + 1));
  });
}

/** Executes again what a cache answered, its reply unseen. */
export function replayExecution(
  session: Session,
  statement: Statement,
  execution: Buffer,
): void | Promise<void> {
  const command = {
    buffer: packet(0, execution),
    start: 0,
    payloadAt: 4,
    end: execution.length + 4,
    whole: true,
  };
  return withUpstreamStatement(
    session,
    statement,
    (open, upstreamId) => {
      session.beginUnit(open, "hidden", COMMAND.stmtExecute, null, null);
      sendExecution(open, statement, upstreamId, command, session.capabilities);
    },
    () => undefined,
  );
}
