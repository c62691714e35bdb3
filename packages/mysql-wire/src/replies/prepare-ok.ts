import { payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";

/** COM_STMT_PREPARE_OK, the first packet of the reply. */
export interface PrepareOk {
  readonly statementId: number;
  readonly columnCount: number;
  readonly paramCount: number;
  readonly warnings: number;
}

export function prepareOk(reply: PrepareOk): Buffer {
  return payload((out) => {
    out.uint8(0);
    out.uint32(reply.statementId);
    out.uint16(reply.columnCount);
    out.uint16(reply.paramCount);
    out.uint8(0);
    out.uint16(reply.warnings);
  });
}

export function parsePrepareOk(buffer: Buffer, start: number, end: number): PrepareOk {
  const reader = new PayloadReader(buffer, start + 1, end);
  const statementId = reader.uint32();
  const columns = reader.uint16();
  const paramCount = reader.uint16();
  reader.skip(1);
  const warnings = reader.left >= 2 ? reader.uint16() : 0;
  return { statementId, columnCount: columns, paramCount, warnings };
}
