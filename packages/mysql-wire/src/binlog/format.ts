import { BinlogError, malformed } from "./binlog-error.ts";
import { CHECKSUM_BYTES, HEADER_BYTES } from "./event-header.ts";
import type { EventReader } from "./event-reader.ts";
import {
  type ChecksumAlgorithm,
  EVENT_TYPE,
  type EventHeader,
  type FormatEvent,
} from "./events.ts";

const BINLOG_VERSION = 4;
const VERSION_BYTES = 50;

/** The algorithm, from the byte before the room for a checksum. */
export function checksumOfFormat(event: Buffer): ChecksumAlgorithm {
  const algorithm = event[event.length - CHECKSUM_BYTES - 1];
  if (event.length < HEADER_BYTES + 2 + VERSION_BYTES + 5 + 1 + CHECKSUM_BYTES) {
    throw malformed("a FORMAT_DESCRIPTION event is too short");
  }
  if (algorithm === 0) return "none";
  if (algorithm === 1) return "crc32";
  throw new BinlogError("unsupported", `checksums of the unknown algorithm ${algorithm}`);
}

export function readFormat(reader: EventReader, header: EventHeader): FormatEvent {
  const version = reader.uint16();
  if (version !== BINLOG_VERSION) {
    throw new BinlogError("unsupported", `a binary log of version ${version}`);
  }
  const name = reader.string(VERSION_BYTES);
  const zero = name.indexOf("\0");
  const created = reader.uint32();
  if (reader.uint8() !== HEADER_BYTES) {
    throw new BinlogError("unsupported", "a binary log with other event headers");
  }
  const postHeaderLengths = Uint8Array.from(reader.bytes(reader.left - 1));
  const algorithm = reader.uint8();
  return {
    kind: "format",
    header,
    serverVersion: zero === -1 ? name : name.slice(0, zero),
    mariadb: postHeaderLengths.length >= EVENT_TYPE.mariadbGtid,
    created,
    checksum: algorithm === 1 ? "crc32" : "none",
    postHeaderLengths,
  };
}
