import {
  bindTypes,
  closeStatementCommand,
  CLIENT,
  COMMAND,
  CURSOR,
  ERROR,
  errPacket,
  MAX_PAYLOAD_BYTES,
  packet,
  type ParamTypes,
  parseErr,
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
  if (!(await scopeStands(session, statement))) return NEEDS_PREPARATION;
  if (link.closed) return null;
  const done = new Promise<Buffer | null>((resolve) =>
    sendPreparation(session, link, statement, resolve),
  );
  link.out.flush();
  return done;
}

/** Where the text would mean something else by now, the client has to prepare it again. */
const NEEDS_PREPARATION = errPacket({
  code: ERROR.needReprepare,
  sqlState: "HY000",
  message: "Prepared statement needs to be re-prepared",
});

async function scopeStands(session: Session, statement: Statement): Promise<boolean> {
  if (!statement.local || statement.changes === session.transaction.scopeChanges) return true;
  if (!session.probing.scopeKnown) await session.probing.probe();
  return session.scope !== null && session.scope === statement.scope;
}

function sendPreparation(
  session: Session,
  link: UpstreamLink,
  statement: Statement,
  done: (error: Buffer | null) => void,
): void {
  const unit = session.beginUnit(link, "hidden", COMMAND.stmtPrepare, null, null);
  unit.statement = statement;
  unit.onDone = () => done(unit.error);
  link.out.add(packet(0, prepareCommand(statement.text ?? "")));
}

/** Ahead of what may change how texts are read: the upstream prepares what it does not know yet. */
export function prepareAhead(session: Session, link: UpstreamLink): void {
  for (const statement of session.statements.local()) {
    sendPreparation(session, link, statement, () => undefined);
  }
}

/**
 * Does the statement mean what the cache of the session's present scope answers? Undefined: not
 * before the scope is known.
 */
export function scopeHolds(session: Session, statement: Statement): boolean | undefined {
  const unchanged = statement.changes === session.transaction.scopeChanges;
  if (statement.scope === undefined) {
    if (unchanged && !session.probing.scopeKnown) return undefined;
    statement.scope = unchanged ? session.scope : null;
  }
  // An expired or unknown scope is read anew before anything is answered.
  if (!session.probing.scopeKnown) return statement.scope === null ? false : undefined;
  return statement.scope !== null && statement.scope === session.scope;
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
  const { buffer, start, payloadAt, end } = command;
  patchStatementId(buffer, payloadAt, upstreamId);
  if (statement.params.count === 0) {
    link.out.add(buffer, start, end);
    return;
  }
  const before = statement.params.bound;
  const typesBound = bindTypes(buffer, payloadAt, end, statement.params, capabilities);
  const known = typesBound || statement.upstreamHasTypes || before === null;
  statement.upstreamHasTypes = true;
  // A packet that is full cannot take the types too: the upstream then says what it misses.
  const length = buffer.readUIntLE(start, LENGTH_BYTES);
  if (known || length === MAX_PAYLOAD_BYTES) {
    link.out.add(buffer, start, end);
    return;
  }
  const bytes = withTypes(buffer.subarray(payloadAt, end), before, capabilities);
  const header = Buffer.from(buffer.subarray(start, payloadAt));
  header.writeUIntLE(length + bytes.length - (end - payloadAt), 0, LENGTH_BYTES);
  link.out.add(header);
  link.out.add(bytes);
}

const LENGTH_BYTES = 3;

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
      // The client has closed it meanwhile.
      if (!session.statements.has(statement)) {
        open.out.add(packet(0, closeStatementCommand(upstreamId)));
        statement.upstreamId = null;
      }
    },
    () => undefined,
  );
}
