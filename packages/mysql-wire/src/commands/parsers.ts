import { CLIENT } from "../capabilities.ts";
import { readAttributes } from "../handshake/response.ts";
import { PayloadReader } from "../payload-reader.ts";

/** Parsers of the simple commands; `start` is the command byte. Texts are byte strings. */

/** COM_INIT_DB, COM_STMT_PREPARE and the other commands that are one text. */
export function parseText(buffer: Buffer, start: number, end: number): string {
  return new PayloadReader(buffer, start + 1, end).rest();
}

export interface FetchCommand {
  readonly statementId: number;
  readonly rows: number;
}

export function parseFetch(buffer: Buffer, start: number, end: number): FetchCommand {
  const reader = new PayloadReader(buffer, start + 1, end);
  return { statementId: reader.uint32(), rows: reader.uint32() };
}

export interface LongDataCommand {
  readonly statementId: number;
  readonly param: number;
  /** A view. */
  readonly data: Buffer;
}

export function parseLongData(buffer: Buffer, start: number, end: number): LongDataCommand {
  const reader = new PayloadReader(buffer, start + 1, end);
  return { statementId: reader.uint32(), param: reader.uint16(), data: reader.restBytes() };
}

/** The thread to end. */
export function parseProcessKill(buffer: Buffer, start: number, end: number): number {
  return new PayloadReader(buffer, start + 1, end).uint32();
}

/** COM_SET_OPTION. */
export const OPTION = { multiStatementsOn: 0, multiStatementsOff: 1 } as const;

export function parseSetOption(buffer: Buffer, start: number, end: number): number {
  return new PayloadReader(buffer, start + 1, end).uint16();
}

export interface FieldListCommand {
  readonly table: string;
  readonly wildcard: string;
}

export function parseFieldList(buffer: Buffer, start: number, end: number): FieldListCommand {
  const reader = new PayloadReader(buffer, start + 1, end);
  return { table: reader.cstring(), wildcard: reader.rest() };
}

export interface ChangeUserCommand {
  readonly user: string;
  readonly authResponse: Buffer;
  readonly database: string;
  /** Collation id; null when an old client left it out. */
  readonly charset: number | null;
  readonly authPlugin: string | null;
  readonly attributes: readonly (readonly [string, string])[] | null;
}

/** COM_CHANGE_USER; `capabilities` are the client's. */
export function parseChangeUser(
  buffer: Buffer,
  start: number,
  end: number,
  capabilities: number,
): ChangeUserCommand {
  const reader = new PayloadReader(buffer, start + 1, end);
  const user = reader.cstring();
  const authResponse =
    (capabilities & CLIENT.secureConnection) !== 0
      ? Buffer.from(reader.bytes(reader.uint8()))
      : Buffer.from(reader.cstring(), "latin1");
  const database = reader.cstringOrRest();
  const charset = reader.left >= 2 ? reader.uint16() : null;
  const has = (flag: number) => (capabilities & flag) !== 0 && reader.left > 0;
  const authPlugin = has(CLIENT.pluginAuth) ? reader.cstringOrRest() : null;
  const attributes = has(CLIENT.connectAttributes) ? readAttributes(reader) : null;
  return { user, authResponse, database, charset, authPlugin, attributes };
}
