import { CLIENT } from "../capabilities.ts";
import { packets, payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";
import { malformedPacket } from "../protocol-violation.ts";
import { eofPacket } from "./eof.ts";

/** Protocol::ColumnDefinition41; names are byte strings in the session's result character set. */
export interface WireColumn {
  readonly catalog: string;
  readonly schema: string;
  /** Alias of the table. */
  readonly table: string;
  readonly originalTable: string;
  /** Alias of the column. */
  readonly name: string;
  readonly originalName: string;
  /** Collation id. */
  readonly charset: number;
  /** Bytes. */
  readonly length: number;
  /** `TYPE`. */
  readonly columnType: number;
  /** `COLUMN_FLAG`s. */
  readonly flags: number;
  readonly decimals: number;
  /** What stands after the fixed fields: the default value in a COM_FIELD_LIST reply. */
  readonly rest?: string;
}

const FIXED_BYTES = 0x0c;
const CATALOG = "def";

export function columnDefinition(
  column: Omit<WireColumn, "catalog"> & { readonly catalog?: string },
): Buffer {
  return payload((out) => {
    out.lenencText(column.catalog ?? CATALOG);
    out.lenencText(column.schema);
    out.lenencText(column.table);
    out.lenencText(column.originalTable);
    out.lenencText(column.name);
    out.lenencText(column.originalName);
    out.uint8(FIXED_BYTES);
    out.uint16(column.charset);
    out.uint32(column.length);
    out.uint8(column.columnType);
    out.uint16(column.flags);
    out.uint8(column.decimals);
    out.uint16(0);
    if (column.rest !== undefined) out.byteText(column.rest);
  });
}

export function parseColumnDefinition(buffer: Buffer, start: number, end: number): WireColumn {
  const reader = new PayloadReader(buffer, start, end);
  const catalog = reader.lenencString();
  const schema = reader.lenencString();
  const table = reader.lenencString();
  const originalTable = reader.lenencString();
  const name = reader.lenencString();
  const originalName = reader.lenencString();
  if (reader.uint8() !== FIXED_BYTES) throw malformedPacket();
  const charset = reader.uint16();
  const length = reader.uint32();
  const columnType = reader.uint8();
  const flags = reader.uint16();
  const decimals = reader.uint8();
  reader.skip(2);
  const column = {
    catalog,
    schema,
    table,
    originalTable,
    name,
    originalName,
    charset,
    length,
    columnType,
    flags,
    decimals,
  };
  return reader.left === 0 ? column : { ...column, rest: reader.rest() };
}

export function columnCount(count: number): Buffer {
  return payload((out) => out.lenencInt(count));
}

export function parseColumnCount(buffer: Buffer, start: number, end: number): number {
  const count = new PayloadReader(buffer, start, end).lenencInt();
  if (typeof count === "bigint") throw malformedPacket();
  return count;
}

/** Packets in one buffer, and the sequence id that follows them. */
export interface PacketRun {
  readonly bytes: Buffer;
  readonly nextSequence: number;
}

/** Column count, definitions, and without CLIENT.deprecateEof the EOF after them. */
export function resultHead(
  columns: readonly (Omit<WireColumn, "catalog"> & { readonly catalog?: string })[],
  capabilities: number,
  status: number,
  firstSequence: number,
): PacketRun {
  const payloads = [columnCount(columns.length), ...columns.map(columnDefinition)];
  if ((capabilities & CLIENT.deprecateEof) === 0) payloads.push(eofPacket(status));
  return {
    bytes: packets(firstSequence, payloads),
    nextSequence: (firstSequence + payloads.length) & 0xff,
  };
}
