import { CLIENT, CURSOR } from "../capabilities.ts";
import { COMMAND } from "../command-codes.ts";
import { payload } from "../packet-builder.ts";
import type { PacketBuilder } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { readParamTypes, readParamValues } from "./bound-params.ts";
import type { BoundParam, ParamTypes } from "./bound-params.ts";

/** What a session remembers of a prepared statement between executions. */
export class StatementParams {
  /** `?`s in the text. */
  readonly count: number;
  /** As last bound; an execution may leave the types out. */
  bound: ParamTypes | null = null;
  /** Parameters sent by COM_STMT_SEND_LONG_DATA since the last execute or reset. */
  readonly longData = new Set<number>();

  constructor(count: number) {
    this.count = count;
  }
}

export interface ExecuteCommand {
  readonly statementId: number;
  /** `CURSOR` flags. */
  readonly flags: number;
  readonly iterationCount: number;
  /** The statement's own; null when only the server can tell what was sent. */
  readonly params: readonly BoundParam[] | null;
  /** Query attributes, which follow the statement's parameters. */
  readonly attributes: readonly BoundParam[];
  /** Types were sent with this execution. */
  readonly typesBound: boolean;
}

/** Offset of the statement id in the payload of every COM_STMT_* command but PREPARE. */
export const STATEMENT_ID_AT = 1;

/** Command, id, flags and iteration count. */
const EXECUTE_HEAD_BYTES = 10;

/** What a 16-bit parameter count can say. */
const MAX_PARAMS = 0xffff;
const NO_PARAMS: readonly BoundParam[] = [];

/**
 * COM_STMT_EXECUTE. Remembers the types in `statement`; its long data marks are the caller's to
 * clear afterwards. `capabilities` are the client's. What a server would refuse has null params:
 * the error is the server's to make.
 */
export function parseExecute(
  buffer: Buffer,
  start: number,
  end: number,
  statement: StatementParams,
  capabilities: number,
): ExecuteCommand {
  const reader = new PayloadReader(buffer, start + 1, end);
  const statementId = reader.uint32();
  const flags = reader.uint8();
  const iterationCount = reader.uint32();
  const params = readParams(reader, flags, statement, capabilities);
  return { statementId, flags, iterationCount, ...params };
}

type ReadParams = Pick<ExecuteCommand, "params" | "attributes" | "typesBound">;

const NONE: ReadParams = { params: NO_PARAMS, attributes: NO_PARAMS, typesBound: false };
const UNREADABLE: ReadParams = { params: null, attributes: NO_PARAMS, typesBound: false };

function readParams(
  reader: PayloadReader,
  flags: number,
  statement: StatementParams,
  capabilities: number,
): ReadParams {
  const named = (capabilities & CLIENT.queryAttributes) !== 0;
  let { count } = statement;
  if (count === 0 && !(named && (flags & CURSOR.parameterCountAvailable) !== 0)) return NONE;
  try {
    if (named) {
      const sent = reader.lenencInt();
      if (typeof sent === "bigint" || sent < count || sent > MAX_PARAMS) return UNREADABLE;
      count = sent;
    }
    if (count === 0) return NONE;
    const bitmapAt = reader.skip((count + 7) >> 3);
    const typesBound = reader.uint8() === 1;
    if (typesBound) statement.bound = readParamTypes(reader, count, named);
    const { bound, longData } = statement;
    if (bound === null) return UNREADABLE;
    const values = readParamValues(reader, bitmapAt, count, bound, (at) => longData.has(at));
    if (values === null || reader.left > 0) return UNREADABLE;
    const attributes = count === statement.count ? NO_PARAMS : values.splice(statement.count);
    return { params: values, attributes, typesBound };
  } catch (error) {
    if (error instanceof ProtocolViolation) return UNREADABLE;
    throw error;
  }
}

/**
 * Remembers the types of a COM_STMT_EXECUTE with parameters of which perhaps only the first part
 * is there; true when it has types. Types that are not all there are not known afterwards.
 */
export function bindTypes(
  buffer: Buffer,
  start: number,
  end: number,
  statement: StatementParams,
  capabilities: number,
): boolean {
  const named = (capabilities & CLIENT.queryAttributes) !== 0;
  const reader = new PayloadReader(buffer, start + EXECUTE_HEAD_BYTES, end);
  const before = statement.bound;
  statement.bound = null;
  try {
    const sent = named ? Number(reader.lenencInt()) : statement.count;
    if (sent < statement.count || sent > MAX_PARAMS) return true;
    reader.skip((sent + 7) >> 3);
    if (reader.uint8() === 1) {
      statement.bound = readParamTypes(reader, sent, named);
      return true;
    }
    statement.bound = before;
    return false;
  } catch (error) {
    if (error instanceof ProtocolViolation) return true;
    throw error;
  }
}

/** Replaces the statement id of a COM_STMT_* command in place. */
export function patchStatementId(buffer: Buffer, start: number, statementId: number): void {
  buffer.writeUInt32LE(statementId >>> 0, start + STATEMENT_ID_AT);
}

export function readStatementId(buffer: Buffer, start: number, end: number): number {
  return new PayloadReader(buffer, start + STATEMENT_ID_AT, end).uint32();
}

export interface EncodedParam {
  readonly typeId: number;
  readonly unsigned?: boolean;
  /** Writes a non-null value in the layout of its type. */
  readonly write: ((out: PacketBuilder) => void) | null;
}

/** COM_STMT_EXECUTE without query attributes, types bound. */
export function executeCommand(
  statementId: number,
  params: readonly EncodedParam[],
  flags: number = CURSOR.none,
): Buffer {
  return payload((out) => {
    out.uint8(COMMAND.stmtExecute);
    out.uint32(statementId);
    out.uint8(flags);
    out.uint32(1);
    if (params.length === 0) return;
    const bitmapAt = out.skip((params.length + 7) >> 3);
    out.bytes.fill(0, bitmapAt, out.length);
    params.forEach(({ write }, index) => {
      if (write === null) out.bytes[bitmapAt + (index >> 3)]! |= 1 << (index & 7);
    });
    out.uint8(1);
    for (const { typeId, unsigned } of params) out.uint16(typeId | (unsigned ? 0x8000 : 0));
    for (const { write } of params) write?.(out);
  });
}
