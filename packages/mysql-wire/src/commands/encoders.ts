import { CLIENT } from "../capabilities.ts";
import { COMMAND } from "../command-codes.ts";
import { writeAttributes } from "../handshake/response.ts";
import { payload } from "../packet-builder.ts";
import type { ChangeUserCommand } from "./parsers.ts";

/** Builders of what a client sends, as payloads. Texts are byte strings. */

function bare(command: number): () => Buffer {
  return () => Buffer.from([command]);
}

export const quitCommand = bare(COMMAND.quit);
export const pingCommand = bare(COMMAND.ping);
export const statisticsCommand = bare(COMMAND.statistics);
export const resetConnectionCommand = bare(COMMAND.resetConnection);

/** A command that is one text: COM_INIT_DB, COM_STMT_PREPARE. */
function withText(command: number, text: string): Buffer {
  return payload((out) => {
    out.uint8(command);
    out.byteText(text);
  });
}

export function initDbCommand(database: string): Buffer {
  return withText(COMMAND.initDb, database);
}

export function prepareCommand(text: string): Buffer {
  return withText(COMMAND.stmtPrepare, text);
}

function withNumber(command: number, value: number): Buffer {
  return payload((out) => {
    out.uint8(command);
    out.uint32(value);
  });
}

export function closeStatementCommand(statementId: number): Buffer {
  return withNumber(COMMAND.stmtClose, statementId);
}

export function resetStatementCommand(statementId: number): Buffer {
  return withNumber(COMMAND.stmtReset, statementId);
}

export function processKillCommand(threadId: number): Buffer {
  return withNumber(COMMAND.processKill, threadId);
}

export function fetchCommand(statementId: number, rows: number): Buffer {
  return payload((out) => {
    out.uint8(COMMAND.stmtFetch);
    out.uint32(statementId);
    out.uint32(rows);
  });
}

export function longDataCommand(statementId: number, param: number, data: Uint8Array): Buffer {
  return payload((out) => {
    out.uint8(COMMAND.stmtSendLongData);
    out.uint32(statementId);
    out.uint16(param);
    out.raw(data);
  });
}

export function setOptionCommand(option: number): Buffer {
  return payload((out) => {
    out.uint8(COMMAND.setOption);
    out.uint16(option);
  });
}

/** `table` as COM_FIELD_LIST has it. */
export function fieldListCommand(table: string, wildcard = ""): Buffer {
  return payload((out) => {
    out.uint8(COMMAND.fieldList);
    out.cstring(table);
    out.byteText(wildcard);
  });
}

/** `capabilities` are those this client told the server. */
export function changeUserCommand(command: ChangeUserCommand, capabilities: number): Buffer {
  return payload((out) => {
    out.uint8(COMMAND.changeUser);
    out.cstring(command.user);
    if ((capabilities & CLIENT.secureConnection) !== 0) {
      out.uint8(command.authResponse.length);
      out.raw(command.authResponse);
    } else {
      out.raw(command.authResponse);
      out.uint8(0);
    }
    out.cstring(command.database);
    if (command.charset === null) return;
    out.uint16(command.charset);
    if ((capabilities & CLIENT.pluginAuth) !== 0) out.cstring(command.authPlugin ?? "");
    if ((capabilities & CLIENT.connectAttributes) !== 0) {
      writeAttributes(out, command.attributes ?? []);
    }
  });
}
