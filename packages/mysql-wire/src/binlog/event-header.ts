import { crc32 } from "node:zlib";
import { BinlogError, malformed } from "./binlog-error.ts";
import { EVENT_FLAG, EVENT_TYPE, type EventHeader } from "./events.ts";

export const HEADER_BYTES = 19;
export const CHECKSUM_BYTES = 4;
const TYPE_AT = 4;
const FLAGS_AT = 17;

/** The header at `at`. Throws BinlogError when there are fewer than 19 bytes. */
export function readEventHeader(bytes: Buffer, at = 0): EventHeader {
  if (bytes.length - at < HEADER_BYTES) throw malformed("a binary log event ends in its header");
  return {
    timestamp: bytes.readUInt32LE(at),
    type: bytes[at + TYPE_AT] as number,
    serverId: bytes.readUInt32LE(at + 5),
    size: bytes.readUInt32LE(at + 9),
    endPosition: bytes.readUInt32LE(at + 13),
    flags: bytes.readUInt16LE(at + FLAGS_AT),
  };
}

/** Does the CRC32 in the last four bytes of the event agree with the rest? */
export function checksumAgrees(event: Buffer): boolean {
  const end = event.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES) return false;
  const low = event[FLAGS_AT] as number;
  let sum: number;
  if (event[TYPE_AT] !== EVENT_TYPE.formatDescription || (low & EVENT_FLAG.inUse) === 0) {
    sum = crc32(event.subarray(0, end));
  } else {
    // The server sets this flag of a file's first event and clears it without a new checksum.
    sum = crc32(event.subarray(0, FLAGS_AT));
    sum = crc32(Buffer.of(low & ~EVENT_FLAG.inUse), sum);
    sum = crc32(event.subarray(FLAGS_AT + 1, end), sum);
  }
  return sum === event.readUInt32LE(end);
}

export function verifyChecksum(event: Buffer, header: EventHeader): void {
  if (checksumAgrees(event)) return;
  throw new BinlogError(
    "checksum",
    `the checksum of the binary log event (type ${header.type}) before position ` +
      `${header.endPosition} does not agree`,
  );
}
