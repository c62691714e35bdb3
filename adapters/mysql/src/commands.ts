import { COMMAND, ERROR, parseProcessKill } from "@freshet/mysql-wire";
import type { StatementTraits } from "@freshet/sql";
import { changeUser } from "./change-user.ts";
import { killClient } from "./kill.ts";
import { handlePrepared } from "./prepared/protocol.ts";
import type { CommandPacket, Session } from "./session.ts";
import { handleQuery } from "./simple-query.ts";

const COMMAND_TRAITS: Omit<StatementTraits, "verb" | "mayWrite" | "mayChangeSession"> = {
  multiple: false,
  read: false,
  uncacheable: null,
  skipCache: false,
  readsDiagnostics: false,
};
const USE = { ...COMMAND_TRAITS, verb: "use", mayWrite: false, mayChangeSession: true };
const SCHEMA = { ...COMMAND_TRAITS, verb: "create", mayWrite: true, mayChangeSession: true };

/** The client's current packet is a command. */
export function handleCommand(session: Session, command: CommandPacket): void | Promise<void> {
  const code = command.buffer[command.payloadAt] as number;
  switch (code) {
    case COMMAND.query:
      return handleQuery(session, command);
    case COMMAND.stmtPrepare:
    case COMMAND.stmtExecute:
    case COMMAND.stmtSendLongData:
    case COMMAND.stmtClose:
    case COMMAND.stmtReset:
    case COMMAND.stmtFetch:
      return handlePrepared(session, command, code);
    case COMMAND.quit:
      session.close();
      return undefined;
    case COMMAND.ping:
      return session.link === null ? session.ok() : plain(session, command, code);
    case COMMAND.initDb:
      return statement(session, command, code, USE, "use");
    case COMMAND.createDb:
    case COMMAND.dropDb:
      return statement(session, command, code, SCHEMA, "create");
    case COMMAND.statistics:
    case COMMAND.processInfo:
    case COMMAND.fieldList:
    case COMMAND.refresh:
    case COMMAND.shutdown:
    case COMMAND.debug:
    case COMMAND.registerSlave:
    case COMMAND.binlogDump:
    case COMMAND.binlogDumpGtid:
      return plain(session, command, code);
    case COMMAND.setOption:
      session.multiStatements = true;
      return plain(session, command, code);
    case COMMAND.processKill:
      return processKill(session, command);
    case COMMAND.resetConnection:
      return resetConnection(session, command);
    case COMMAND.changeUser:
      return session.discard(() => changeUser(session, command));
    default:
      return session.discard(() => session.unknownCommand());
  }
}

/** Forwards what has no effect on anything we keep. */
function plain(session: Session, command: CommandPacket, code: number): void | Promise<void> {
  return session.withLink((link) => {
    session.beginPlain(link, code);
    session.forward(link, command);
  });
}

function statement(
  session: Session,
  command: CommandPacket,
  code: number,
  traits: StatementTraits,
  text: string,
): void | Promise<void> {
  return session.withLink((link) => {
    session.beginUnit(link, "client", code, traits, text);
    session.account.forwarded(null, "not-a-read");
    session.forward(link, command);
  });
}

function processKill(session: Session, command: CommandPacket): void | Promise<void> {
  const { buffer, payloadAt, end } = command;
  const threadId = parseProcessKill(buffer, payloadAt, end);
  if (session.context.cancels.isOurs(threadId)) {
    return killClient(session, { threadId, scope: "connection" });
  }
  return plain(session, command, COMMAND.processKill);
}

/** A session that the upstream knows nothing of is as at its login already. */
async function resetConnection(session: Session, command: CommandPacket): Promise<void> {
  const { link } = session;
  if (link === null) {
    session.reset(session.transaction.hiddenKnown);
    return session.ok();
  }
  await link.queue.idle();
  if (session.closed) return;
  const unit = session.beginPlain(link, COMMAND.resetConnection);
  session.forward(link, command);
  const done = new Promise<void>((resolve) => (unit.onDone = () => resolve()));
  session.flush();
  await done;
  if (link.tracker.errorCode === ERROR.unknownCommand) return;
  link.queries = 0;
  session.reset(false);
}
