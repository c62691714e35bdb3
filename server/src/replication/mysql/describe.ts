import { parseColumnDefinition, type WireColumn } from "@freshet/mysql-wire";
import type { ColumnDefinition } from "@freshet/rpc";
import type { Connection } from "mysql2";
import type { StatementDescription } from "../contract.ts";
import { parseScope } from "./catalog.ts";
import { resultTypeOf } from "./result-type.ts";
import { BASE_SQL_MODE, execute, toUpstreamError } from "./connection.ts";
import { quoteName, quoteText } from "./names.ts";
import {
  rawConnection,
  readLength,
  runRawCommand,
  withoutExtendedMetadata,
} from "./raw-command.ts";

const COM_STMT_PREPARE = 0x16;
const COM_STMT_EXECUTE = 0x17;
const COM_STMT_CLOSE = 0x19;
/** A statement is prepared in no time unless somebody alters a table it reads. */
const LOCK_TIMEOUT_SECONDS = 10;

interface Prepared {
  readonly id: number;
  readonly parameters: readonly WireColumn[];
  readonly columns: readonly WireColumn[];
}

/**
 * COM_STMT_PREPARE: the text is resolved against the catalogue. Throws UpstreamError with the
 * upstream's own error when it does not accept the text. What an answer says of its columns may
 * differ from that (a plan with a temporary table), so `executed` is asked too; null: it cannot tell.
 */
export async function describeStatement(
  client: Connection,
  text: string,
  scopeIdentity: string,
  executed: (parameters: number) => Promise<readonly WireColumn[] | null>,
): Promise<StatementDescription> {
  const scope = parseScope(scopeIdentity);
  const modes = scope.modes.join(",");
  let prepared: Prepared;
  try {
    if (scope.db !== "") await execute(client, `USE ${quoteName(scope.db)}`);
    await execute(client, `SET SESSION lock_wait_timeout = ${LOCK_TIMEOUT_SECONDS}`);
    await execute(client, `SET SESSION sql_mode = ${quoteText(modes)}`);
    prepared = await prepare(client, text);
    closeStatement(client, prepared.id);
  } catch (error) {
    throw toUpstreamError(error);
  } finally {
    await execute(client, `SET SESSION sql_mode = '${BASE_SQL_MODE}'`).catch(() => undefined);
  }
  const answered = await executed(prepared.parameters.length);
  const same = answered?.length === prepared.columns.length ? answered : prepared.columns;
  return {
    parameterTypeIds: prepared.parameters.map((parameter) => parameter.columnType),
    columns: prepared.columns.map((column, index): ColumnDefinition => ({
      name: unicode(column.name),
      type: resultTypeOf(column),
      wire: wireOf(same[index] ?? column),
    })),
  };
}

function wireOf(column: WireColumn): ColumnDefinition["wire"] {
  return {
    schema: unicode(column.schema),
    table: unicode(column.table),
    originalTable: unicode(column.originalTable),
    originalName: unicode(column.originalName),
    charset: column.charset,
    length: column.length,
    columnType: column.columnType,
    flags: column.flags,
    decimals: column.decimals,
  };
}

/**
 * What an answer to the text says of its columns: the statement is run in a session of its own,
 * with 1 for every parameter, and the session ends when the definitions are here. Null when the
 * statement does not begin to answer within `EXECUTION_LIMIT_SECONDS`.
 */
export async function executedColumns(
  client: Connection,
  text: string,
  scopeIdentity: string,
  parameters: number,
): Promise<readonly WireColumn[] | null> {
  const scope = parseScope(scopeIdentity);
  try {
    if (scope.db !== "") await execute(client, `USE ${quoteName(scope.db)}`);
    await execute(client, `SET SESSION lock_wait_timeout = ${LOCK_TIMEOUT_SECONDS}`);
    await limitExecution(client);
    await execute(client, `SET SESSION sql_mode = ${quoteText(scope.modes.join(","))}`);
    const { id } = await prepare(client, text);
    return await definitionsOf(client, executeCommand(id, parameters));
  } catch {
    return null;
  } finally {
    client.destroy();
  }
}

const EXECUTION_LIMIT_SECONDS = 2;

/** MySQL counts in milliseconds, MariaDB in seconds; each knows only its own variable. */
async function limitExecution(client: Connection): Promise<void> {
  try {
    await execute(client, `SET SESSION max_execution_time = ${EXECUTION_LIMIT_SECONDS * 1000}`);
  } catch {
    await execute(client, `SET SESSION max_statement_time = ${EXECUTION_LIMIT_SECONDS}`);
  }
}

const TYPE_LONGLONG = 8;

/** COM_STMT_EXECUTE with the number 1 for every parameter. */
function executeCommand(id: number, parameters: number): Buffer {
  const head = Buffer.alloc(10);
  head[0] = COM_STMT_EXECUTE;
  head.writeUInt32LE(id, 1);
  head.writeUInt32LE(1, 6);
  if (parameters === 0) return head;
  const tail = Buffer.alloc(((parameters + 7) >> 3) + 1 + parameters * 10);
  let at = (parameters + 7) >> 3;
  tail[at] = 1;
  at += 1;
  for (let index = 0; index < parameters; index += 1) {
    tail[at + index * 2] = TYPE_LONGLONG;
    tail[at + parameters * 2 + index * 8] = 1;
  }
  return Buffer.concat([head, tail]);
}

async function definitionsOf(client: Connection, payload: Buffer): Promise<readonly WireColumn[]> {
  let count = -1;
  const definitions: WireColumn[] = [];
  await runRawCommand(client, payload, (buffer, start, end) => {
    if (count < 0) [count] = readLength(buffer, start);
    else {
      const definition = withoutExtendedMetadata(client, buffer, start, end);
      definitions.push(parseColumnDefinition(definition, 0, definition.length));
    }
    return definitions.length === count;
  });
  return definitions;
}

/** The wire package gives names as byte strings. */
function unicode(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

async function prepare(client: Connection, text: string): Promise<Prepared> {
  let id = 0;
  let columnCount = 0;
  let parameterCount = 0;
  const definitions: WireColumn[] = [];
  let ends = -1;
  const payload = Buffer.concat([Buffer.from([COM_STMT_PREPARE]), Buffer.from(text, "utf8")]);
  await runRawCommand(client, payload, (buffer, start, end) => {
    if (ends < 0) {
      id = buffer.readUInt32LE(start + 1);
      columnCount = buffer.readUInt16LE(start + 5);
      parameterCount = buffer.readUInt16LE(start + 7);
      ends = (columnCount > 0 ? 1 : 0) + (parameterCount > 0 ? 1 : 0);
    } else if (buffer[start] === 0xfe && end - start < 9) ends -= 1;
    else {
      const definition = withoutExtendedMetadata(client, buffer, start, end);
      definitions.push(parseColumnDefinition(definition, 0, definition.length));
    }
    return ends === 0;
  });
  return {
    id,
    parameters: definitions.slice(0, parameterCount),
    columns: definitions.slice(parameterCount),
  };
}

/** The command has no answer. */
function closeStatement(client: Connection, id: number): void {
  const bytes = Buffer.alloc(9);
  bytes.writeUIntLE(5, 0, 3);
  bytes[4] = COM_STMT_CLOSE;
  bytes.writeUInt32LE(id, 5);
  const raw = rawConnection(client);
  raw.addCommand({
    execute() {
      raw.write(bytes);
      return true;
    },
  });
}
