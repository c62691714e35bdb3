import { BACKEND } from "./message-types.ts";

/** Builders of the messages a server sends. Texts are byte strings where they come from the wire. */

export function message(type: number, ...parts: readonly (Buffer | Uint8Array)[]): Buffer {
  let length = 4;
  for (const part of parts) length += part.length;
  const header = Buffer.allocUnsafe(5);
  header[0] = type;
  header.writeInt32BE(length, 1);
  return Buffer.concat([header, ...parts]);
}

/** Zero-terminated UTF-8. */
export function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf8");
}

export function int32(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeInt32BE(value | 0);
  return buffer;
}

export function int16(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

export const PARSE_COMPLETE = message(BACKEND.parseComplete);
export const BIND_COMPLETE = message(BACKEND.bindComplete);
export const CLOSE_COMPLETE = message(BACKEND.closeComplete);
export const NO_DATA = message(BACKEND.noData);
export const EMPTY_QUERY_RESPONSE = message(BACKEND.emptyQuery);
export const PORTAL_SUSPENDED = message(BACKEND.portalSuspended);

export const AUTHENTICATION_OK = message(BACKEND.authentication, int32(0));
export const AUTHENTICATION_CLEARTEXT = message(BACKEND.authentication, int32(3));

/** `salt` has 4 bytes. */
export function authenticationMd5(salt: Buffer): Buffer {
  return message(BACKEND.authentication, int32(5), salt);
}

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return message(BACKEND.authentication, int32(10), ...mechanisms.map(cstring), Buffer.from([0]));
}

export function authenticationSaslContinue(data: string): Buffer {
  return message(BACKEND.authentication, int32(11), Buffer.from(data, "utf8"));
}

export function authenticationSaslFinal(data: string): Buffer {
  return message(BACKEND.authentication, int32(12), Buffer.from(data, "utf8"));
}

/** `value` is a byte string. */
export function parameterStatus(name: string, value: string): Buffer {
  return message(BACKEND.parameterStatus, cstring(name), Buffer.from(`${value}\0`, "latin1"));
}

/** The secret has 4 bytes in protocol 3.0, up to 256 in 3.2. */
export function backendKeyData(processId: number, secret: Buffer): Buffer {
  return message(BACKEND.backendKeyData, int32(processId), secret);
}

export function readyForQuery(status: number): Buffer {
  return message(BACKEND.readyForQuery, Buffer.from([status]));
}

/** `version` is major << 16 | minor, the newest we speak. */
export function negotiateProtocolVersion(version: number, unknown: readonly string[]): Buffer {
  return message(
    BACKEND.negotiateProtocolVersion,
    int32(version),
    int32(unknown.length),
    ...unknown.map(cstring),
  );
}

/** What RowDescription says of a column beside its name and format. */
export type WireField = {
  readonly tableId: number;
  readonly columnNumber: number;
  readonly typeId: number;
  readonly typeSize: number;
  readonly typeModifier: number;
};

export interface RowDescriptionField extends WireField {
  readonly name: string;
}

/** `formats` as in Bind: none = all text, one = for all, else one a column. */
export function rowDescription(
  fields: readonly RowDescriptionField[],
  formats: readonly number[] = [],
): Buffer {
  const parts: Buffer[] = [int16(fields.length)];
  fields.forEach((field, index) => {
    const tail = Buffer.allocUnsafe(18);
    tail.writeUInt32BE(field.tableId >>> 0, 0);
    tail.writeInt16BE(field.columnNumber, 4);
    tail.writeUInt32BE(field.typeId >>> 0, 6);
    tail.writeInt16BE(field.typeSize, 10);
    tail.writeInt32BE(field.typeModifier, 12);
    tail.writeInt16BE(formatOf(formats, index), 16);
    parts.push(cstring(field.name), tail);
  });
  return message(BACKEND.rowDescription, ...parts);
}

function formatOf(formats: readonly number[], index: number): number {
  if (formats.length === 0) return 0;
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
}

export function parameterDescription(typeIds: readonly number[]): Buffer {
  return message(
    BACKEND.parameterDescription,
    int16(typeIds.length),
    ...typeIds.map((typeId) => int32(typeId)),
  );
}

/** Text columns (UTF-8); null is NULL. */
export function dataRow(values: readonly (string | null)[]): Buffer {
  const parts: Buffer[] = [int16(values.length)];
  for (const value of values) {
    if (value === null) {
      parts.push(int32(-1));
      continue;
    }
    const bytes = Buffer.from(value, "utf8");
    parts.push(int32(bytes.length), bytes);
  }
  return message(BACKEND.dataRow, ...parts);
}

export function commandComplete(tag: string): Buffer {
  return message(BACKEND.commandComplete, cstring(tag));
}

export interface ErrorFields {
  readonly severity: "ERROR" | "FATAL" | "PANIC" | "WARNING" | "NOTICE" | "INFO";
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** Characters from 1. */
  readonly position?: number | undefined;
}

export function errorResponse(fields: ErrorFields): Buffer {
  return message(BACKEND.error, ...fieldParts(fields));
}

export function noticeResponse(fields: ErrorFields): Buffer {
  return message(BACKEND.notice, ...fieldParts(fields));
}

function fieldParts(fields: ErrorFields): Buffer[] {
  const parts: Buffer[] = [];
  const add = (code: string, value: string | undefined) => {
    if (value !== undefined) parts.push(cstring(code + value.replaceAll("\0", "")));
  };
  add("S", fields.severity);
  add("V", fields.severity);
  add("C", fields.code);
  add("M", fields.message);
  add("D", fields.detail);
  add("H", fields.hint);
  if (fields.position !== undefined) add("P", String(fields.position));
  parts.push(Buffer.from([0]));
  return parts;
}
