import { BinlogError, malformed } from "./binlog-error.ts";
import type { EventReader } from "./event-reader.ts";
import { EVENT_TYPE, type EventHeader, type RowsEvent } from "./events.ts";
import { inflateMariadb } from "./mariadb-events.ts";

const STATEMENT_END = 1;

interface Shape {
  readonly action: RowsEvent["action"];
  readonly version: 1 | 2;
  readonly compressed: boolean;
}

const SHAPES: ReadonlyMap<number, Shape> = new Map<number, Shape>([
  [EVENT_TYPE.writeRowsV1, { action: "insert", version: 1, compressed: false }],
  [EVENT_TYPE.updateRowsV1, { action: "update", version: 1, compressed: false }],
  [EVENT_TYPE.deleteRowsV1, { action: "delete", version: 1, compressed: false }],
  [EVENT_TYPE.writeRows, { action: "insert", version: 2, compressed: false }],
  [EVENT_TYPE.updateRows, { action: "update", version: 2, compressed: false }],
  [EVENT_TYPE.deleteRows, { action: "delete", version: 2, compressed: false }],
  [EVENT_TYPE.mariadbWriteRowsCompressedV1, { action: "insert", version: 1, compressed: true }],
  [EVENT_TYPE.mariadbUpdateRowsCompressedV1, { action: "update", version: 1, compressed: true }],
  [EVENT_TYPE.mariadbDeleteRowsCompressedV1, { action: "delete", version: 1, compressed: true }],
  [EVENT_TYPE.mariadbWriteRowsCompressed, { action: "insert", version: 2, compressed: true }],
  [EVENT_TYPE.mariadbUpdateRowsCompressed, { action: "update", version: 2, compressed: true }],
  [EVENT_TYPE.mariadbDeleteRowsCompressed, { action: "delete", version: 2, compressed: true }],
]);

/** The rows event's frame; the images stay packed in `body`. */
export function readRows(
  reader: EventReader,
  header: EventHeader,
  maxInflatedBytes: number,
): RowsEvent {
  const shape = SHAPES.get(header.type);
  if (shape === undefined) throw new BinlogError("unknown-event", `rows event ${header.type}`);
  const tableId = reader.uint48();
  const flags = reader.uint16();
  if (shape.version === 2) {
    // Partition and engine information; its length counts itself.
    const extra = reader.uint16();
    if (extra < 2) throw malformed("a rows event's extra data is shorter than its length");
    reader.skip(extra - 2);
  }
  const columnCount = Number(reader.lenencInt());
  const bitmapBytes = (columnCount + 7) >> 3;
  const present = reader.bytes(bitmapBytes);
  const presentAfter = shape.action === "update" ? reader.bytes(bitmapBytes) : null;
  const rest = reader.restBytes();
  const body = shape.compressed && rest.length > 0 ? inflateMariadb(rest, maxInflatedBytes) : rest;
  const statementEnd = (flags & STATEMENT_END) !== 0;
  return {
    kind: "rows",
    header,
    action: shape.action,
    tableId,
    statementEnd,
    columnCount,
    present,
    presentAfter,
    body,
  };
}
