import { inflateSync } from "node:zlib";
import { BinlogError, malformed } from "./binlog-error.ts";
import type { EventReader } from "./event-reader.ts";
import type { EventHeader, MariadbGtid, MariadbGtidEvent, MariadbGtidListEvent } from "./events.ts";

const GTID_FLAG = {
  standalone: 1,
  groupCommitId: 2,
  transactional: 4,
  ddl: 32,
  preparedXa: 64,
  completedXa: 128,
} as const;

export function readMariadbGtid(reader: EventReader, header: EventHeader): MariadbGtidEvent {
  const sequence = reader.uint64();
  const domain = reader.uint32();
  const flags = reader.uint8();
  const parts: MariadbGtid = { domain, server: header.serverId, sequence };
  return {
    kind: "mariadbGtid",
    header,
    gtid: `${domain}-${header.serverId}-${sequence}`,
    parts,
    standalone: (flags & GTID_FLAG.standalone) !== 0,
    transactional: (flags & GTID_FLAG.transactional) !== 0,
    ddl: (flags & GTID_FLAG.ddl) !== 0,
    preparedXa: (flags & GTID_FLAG.preparedXa) !== 0,
    completedXa: (flags & GTID_FLAG.completedXa) !== 0,
  };
}

export function readMariadbGtidList(
  reader: EventReader,
  header: EventHeader,
): MariadbGtidListEvent {
  const count = reader.uint32() & 0x0fff_ffff;
  const gtids: MariadbGtid[] = [];
  for (let index = 0; index < count; index += 1) {
    const domain = reader.uint32();
    const server = reader.uint32();
    gtids.push({ domain, server, sequence: reader.uint64() });
  }
  return { kind: "mariadbGtidList", header, gtids };
}

/**
 * What MariaDB's log_bin_compress writes: a byte `0x80 | algorithm << 4 | bytes of the length`,
 * the uncompressed length (big-endian), a zlib stream.
 */
export function inflateMariadb(bytes: Buffer, maxBytes: number): Buffer {
  const head = bytes[0];
  if (head === undefined) throw malformed("a compressed event has no content");
  const lengthBytes = head & 0x07;
  if ((head & 0x88) !== 0x80 || lengthBytes < 1 || lengthBytes > 4) {
    throw malformed("a compressed event's first byte is impossible");
  }
  if ((head & 0x70) !== 0) {
    throw new BinlogError("unsupported", "an event is compressed by an unknown algorithm");
  }
  if (bytes.length <= lengthBytes) throw malformed("a compressed event ends too early");
  const length = bytes.readUIntBE(1, lengthBytes);
  if (length > maxBytes) throw tooLarge(length, maxBytes);
  let content: Buffer;
  try {
    content = inflateSync(bytes.subarray(1 + lengthBytes), { maxOutputLength: length + 1 });
  } catch (error) {
    throw malformed("a compressed event cannot be decompressed", error);
  }
  if (content.length !== length) throw malformed("a compressed event has not its stated length");
  return content;
}

export function tooLarge(bytes: number, limit: number): BinlogError {
  return new BinlogError(
    "too-large",
    `a compressed transaction of ${bytes} bytes is larger than the limit of ${limit}`,
  );
}
