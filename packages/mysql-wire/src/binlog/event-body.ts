import { BinlogError } from "./binlog-error.ts";
import type { EventReader } from "./event-reader.ts";
import {
  type BinlogEvent,
  EVENT_FLAG,
  EVENT_TYPE,
  type EventHeader,
  type HeartbeatEvent,
  type NoticeEvent,
  type RotateEvent,
  type StatementContextEvent,
} from "./events.ts";
import { readFormat } from "./format.ts";
import { readGtid, readPreviousGtids, readTaggedGtid } from "./gtid-events.ts";
import { readMariadbGtid, readMariadbGtidList } from "./mariadb-events.ts";
import { readPayload } from "./payload.ts";
import { readRows } from "./rows-event.ts";
import { readQuery, readXaPrepare } from "./statement-events.ts";
import { readTableMap } from "./table-map.ts";

export interface BodySettings {
  readonly maxInflatedBytes: number;
  readonly mariadb: boolean;
}

/** The event whose body the reader spans. */
export function readBody(
  reader: EventReader,
  header: EventHeader,
  { maxInflatedBytes, mariadb }: BodySettings,
): BinlogEvent {
  switch (header.type) {
    case EVENT_TYPE.tableMap:
      return readTableMap(reader, header, mariadb);
    case EVENT_TYPE.writeRowsV1:
    case EVENT_TYPE.updateRowsV1:
    case EVENT_TYPE.deleteRowsV1:
    case EVENT_TYPE.writeRows:
    case EVENT_TYPE.updateRows:
    case EVENT_TYPE.deleteRows:
    case EVENT_TYPE.mariadbWriteRowsCompressedV1:
    case EVENT_TYPE.mariadbUpdateRowsCompressedV1:
    case EVENT_TYPE.mariadbDeleteRowsCompressedV1:
    case EVENT_TYPE.mariadbWriteRowsCompressed:
    case EVENT_TYPE.mariadbUpdateRowsCompressed:
    case EVENT_TYPE.mariadbDeleteRowsCompressed:
      return readRows(reader, header, maxInflatedBytes);
    case EVENT_TYPE.query:
      return readQuery(reader, header, null);
    case EVENT_TYPE.mariadbQueryCompressed:
      return readQuery(reader, header, maxInflatedBytes);
    case EVENT_TYPE.xid:
      return { kind: "xid", header, xid: reader.uint64() };
    case EVENT_TYPE.gtid:
    case EVENT_TYPE.anonymousGtid:
      return readGtid(reader, header);
    case EVENT_TYPE.taggedGtid:
      return readTaggedGtid(reader, header);
    case EVENT_TYPE.mariadbGtid:
      return readMariadbGtid(reader, header);
    case EVENT_TYPE.transactionPayload:
      return readPayload(reader, header);
    case EVENT_TYPE.xaPrepare:
      return readXaPrepare(reader, header);
    default:
      return readRareBody(reader, header);
  }
}

function readRareBody(reader: EventReader, header: EventHeader): BinlogEvent {
  switch (header.type) {
    case EVENT_TYPE.formatDescription:
      return readFormat(reader, header);
    case EVENT_TYPE.rotate:
      return readRotate(reader, header);
    case EVENT_TYPE.heartbeat:
      // It has the position in the header alone, which wraps at 4 GiB.
      return {
        kind: "heartbeat",
        header,
        file: reader.restText(),
        position: header.endPosition,
      };
    case EVENT_TYPE.heartbeat2:
      return readHeartbeat2(reader, header);
    case EVENT_TYPE.previousGtids:
      return readPreviousGtids(reader, header);
    case EVENT_TYPE.mariadbGtidList:
      return readMariadbGtidList(reader, header);
    case EVENT_TYPE.rowsQuery:
      reader.skip(1); // a length that is too short for long statements
      return { kind: "rowsQuery", header, bytes: reader.restBytes() };
    case EVENT_TYPE.mariadbAnnotateRows:
      return { kind: "rowsQuery", header, bytes: reader.restBytes() };
    case EVENT_TYPE.intVar:
      return context(header, "intVar");
    case EVENT_TYPE.rand:
      return context(header, "rand");
    case EVENT_TYPE.userVar:
      return context(header, "userVar");
    case EVENT_TYPE.beginLoadQuery:
      return context(header, "loadBlock");
    case EVENT_TYPE.executeLoadQuery:
      return context(header, "loadQuery");
    case EVENT_TYPE.stop:
      return notice(header, "stop");
    case EVENT_TYPE.ignorable:
      return notice(header, "ignorable");
    case EVENT_TYPE.transactionContext:
    case EVENT_TYPE.viewChange:
      return notice(header, "groupReplication");
    case EVENT_TYPE.mariadbBinlogCheckpoint:
      return notice(header, "binlogCheckpoint");
    case EVENT_TYPE.mariadbStartEncryption:
      // Files only: what a server sends is decrypted.
      return notice(header, "startEncryption");
    case EVENT_TYPE.incident:
      throw new BinlogError(
        "incident",
        `the server reports a gap in its binary log before position ${header.endPosition}`,
      );
    case EVENT_TYPE.partialUpdateRows:
      throw new BinlogError(
        "unsupported",
        "partial JSON updates cannot be followed; set binlog_row_value_options = ''",
      );
    default:
      if ((header.flags & EVENT_FLAG.ignorable) !== 0) return notice(header, "ignorable");
      throw new BinlogError(
        "unknown-event",
        `a binary log event of the unknown type ${header.type} before position ${header.endPosition}`,
      );
  }
}

function readRotate(reader: EventReader, header: EventHeader): RotateEvent {
  const position = Number(reader.uint64());
  const artificial = (header.flags & EVENT_FLAG.artificial) !== 0 || header.timestamp === 0;
  return { kind: "rotate", header, file: reader.restText(), position, artificial };
}

/** HEARTBEAT_LOG_EVENT_V2: fields (type, length, value) until the end mark. */
function readHeartbeat2(reader: EventReader, header: EventHeader): HeartbeatEvent {
  let file = "";
  let position = header.endPosition;
  while (reader.left > 0) {
    const field = Number(reader.lenencInt());
    if (field === 0) break;
    const length = reader.lenencLength();
    const next = reader.at + length;
    if (field === 1) file = reader.text(length);
    else if (field === 2) position = Number(reader.lenencInt());
    reader.at = next;
  }
  return { kind: "heartbeat", header, file, position };
}

function context(header: EventHeader, what: StatementContextEvent["what"]): StatementContextEvent {
  return { kind: "statementContext", header, what };
}

function notice(header: EventHeader, what: NoticeEvent["what"]): NoticeEvent {
  return { kind: "notice", header, what };
}
