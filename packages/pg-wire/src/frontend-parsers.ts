import { byteString } from "./byte-string.ts";
import { ProtocolViolation } from "./protocol-violation.ts";

/**
 * Parsers of what a client sends. `start` is the message's type byte, `end` its end; every
 * length is checked against `end` (08P01). Names and texts come as byte strings.
 */

export interface StartupPacket {
  /** major << 16 | minor. */
  readonly version: number;
  /** In order; names as sent. */
  readonly parameters: readonly (readonly [string, string])[];
}

/** `buffer` is one whole startup packet with its length word. */
export function parseStartup(buffer: Buffer): StartupPacket {
  const version = buffer.readInt32BE(4);
  const parameters: [string, string][] = [];
  let at = 8;
  // As Postgres reads it: a missing value ends the list, and only the end's place is checked.
  while (at < buffer.length && buffer[at] !== 0) {
    const nameEnd = endOr(buffer, at);
    if (nameEnd + 1 >= buffer.length) break;
    const valueEnd = endOr(buffer, nameEnd + 1);
    parameters.push([byteString(buffer, at, nameEnd), byteString(buffer, nameEnd + 1, valueEnd)]);
    at = valueEnd + 1;
  }
  if (at !== buffer.length - 1) {
    throw new ProtocolViolation("invalid startup packet layout: expected terminator as last byte");
  }
  return { version, parameters };
}

function endOr(buffer: Buffer, from: number): number {
  const at = buffer.indexOf(0, from);
  return at === -1 ? buffer.length : at;
}

function terminator(buffer: Buffer, from: number, end: number, text: string): number {
  const at = from < end ? buffer.indexOf(0, from) : -1;
  if (at === -1 || at >= end) throw new ProtocolViolation(text);
  return at;
}

/** Offset of the zero byte that ends the string at `from`. */
export function stringEnd(buffer: Buffer, from: number, end: number): number {
  // Names are short: a loop beats the call into native code.
  let at = from;
  const near = Math.min(end, from + 64);
  while (at < near) {
    if (buffer[at] === 0) return at;
    at += 1;
  }
  return terminator(buffer, at, end, "invalid string in message");
}

/** The text of a Query. */
export function parseQuery(buffer: Buffer, start: number, end: number): string {
  const textEnd = terminator(buffer, start + 5, end, "invalid string in message");
  if (textEnd !== end - 1) throw new ProtocolViolation("invalid message format");
  return byteString(buffer, start + 5, textEnd);
}

export interface ParseHeader {
  readonly name: string;
  readonly text: string;
  readonly typeIds: readonly number[];
}

const NO_NUMBERS: readonly number[] = [];

export function parseParse(buffer: Buffer, start: number, end: number): ParseHeader {
  const nameEnd = stringEnd(buffer, start + 5, end);
  const textEnd = terminator(buffer, nameEnd + 1, end, "invalid string in message");
  const name = byteString(buffer, start + 5, nameEnd);
  const text = byteString(buffer, nameEnd + 1, textEnd);
  const count = uint16(buffer, textEnd + 1, end);
  if (textEnd + 3 + count * 4 !== end) throw new ProtocolViolation("invalid message format");
  if (count === 0) return { name, text, typeIds: NO_NUMBERS };
  const typeIds: number[] = [];
  for (let i = 0; i < count; i += 1) typeIds.push(buffer.readUInt32BE(textEnd + 3 + i * 4));
  return { name, text, typeIds };
}

/** A Bind whose parameters stay where they are in the buffer. */
export interface BindHeader {
  readonly portal: string;
  readonly statement: string;
  readonly buffer: Buffer;
  readonly paramFormatCount: number;
  readonly paramFormatsAt: number;
  readonly paramCount: number;
  /** Offset of the first parameter's length word. */
  readonly paramsAt: number;
  readonly resultFormatCount: number;
  readonly resultFormatsAt: number;
}

export function parseBind(buffer: Buffer, start: number, end: number): BindHeader {
  const portalEnd = stringEnd(buffer, start + 5, end);
  const statementEnd = stringEnd(buffer, portalEnd + 1, end);
  let at = statementEnd + 1;
  const paramFormatCount = uint16(buffer, at, end);
  const paramFormatsAt = at + 2;
  at = paramFormatsAt + paramFormatCount * 2;
  const paramCount = uint16(buffer, at, end);
  const paramsAt = at + 2;
  at = paramsAt;
  for (let i = 0; i < paramCount; i += 1) {
    if (at + 4 > end) throw insufficient();
    const length = buffer.readInt32BE(at);
    at += 4;
    if (length > 0) at += length;
    else if (length < -1) throw new ProtocolViolation("invalid message format");
  }
  const resultFormatCount = uint16(buffer, at, end);
  if (at + 2 + resultFormatCount * 2 !== end) throw new ProtocolViolation("invalid message format");
  return {
    portal: portalEnd === start + 5 ? "" : byteString(buffer, start + 5, portalEnd),
    statement:
      statementEnd === portalEnd + 1 ? "" : byteString(buffer, portalEnd + 1, statementEnd),
    buffer,
    paramFormatCount,
    paramFormatsAt,
    paramCount,
    paramsAt,
    resultFormatCount,
    resultFormatsAt: at + 2,
  };
}

/** Format code (0 text, 1 binary) of parameter `index`. */
export function paramFormat(bind: BindHeader, index: number): number {
  if (bind.paramFormatCount === 0) return 0;
  const at = bind.paramFormatCount === 1 ? 0 : index;
  return bind.buffer.readInt16BE(bind.paramFormatsAt + at * 2);
}

export interface NamedTarget {
  /** `S` or `P` as a byte. */
  readonly kind: number;
  readonly name: string;
}

export const TARGET_STATEMENT = 0x53;
export const TARGET_PORTAL = 0x50;

/** Describe and Close have one layout. */
export function parseTarget(buffer: Buffer, start: number, end: number): NamedTarget {
  if (end - start < 7) throw insufficient();
  const nameEnd = stringEnd(buffer, start + 6, end);
  if (nameEnd !== end - 1) throw new ProtocolViolation("invalid message format");
  const kind = buffer[start + 5] as number;
  return { kind, name: nameEnd === start + 6 ? "" : byteString(buffer, start + 6, nameEnd) };
}

export interface ExecuteHeader {
  readonly portal: string;
  /** 0 = all rows. */
  readonly maxRows: number;
}

export function parseExecute(buffer: Buffer, start: number, end: number): ExecuteHeader {
  const nameEnd = stringEnd(buffer, start + 5, end);
  if (nameEnd + 5 !== end) throw insufficient();
  return {
    portal: nameEnd === start + 5 ? "" : byteString(buffer, start + 5, nameEnd),
    maxRows: buffer.readInt32BE(nameEnd + 1),
  };
}

function uint16(buffer: Buffer, at: number, end: number): number {
  if (at + 2 > end) throw insufficient();
  return ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
}

function insufficient(): ProtocolViolation {
  return new ProtocolViolation("insufficient data left in message");
}
