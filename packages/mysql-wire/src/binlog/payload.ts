import { zstdDecompressSync } from "node:zlib";
import { BinlogError, malformed } from "./binlog-error.ts";
import type { EventReader } from "./event-reader.ts";
import type { EventHeader, TransactionPayloadEvent } from "./events.ts";
import { tooLarge } from "./mariadb-events.ts";

const FIELD = { end: 0, size: 1, compression: 2, uncompressed: 3 } as const;
const COMPRESSION = { zstd: 0, none: 255 } as const;

/** TRANSACTION_PAYLOAD: fields (type, length, value), an end mark, then the payload. */
export function readPayload(reader: EventReader, header: EventHeader): TransactionPayloadEvent {
  let size: number | null = null;
  let compression = COMPRESSION.none as number;
  let uncompressed: number | null = null;
  for (;;) {
    const field = Number(reader.lenencInt());
    if (field === FIELD.end) break;
    const length = reader.lenencLength();
    const next = reader.at + length;
    if (field === FIELD.size) size = Number(reader.lenencInt());
    else if (field === FIELD.compression) compression = Number(reader.lenencInt());
    else if (field === FIELD.uncompressed) uncompressed = Number(reader.lenencInt());
    if (reader.at > next) throw malformed("a transaction payload's field is too short");
    reader.at = next;
  }
  if (compression !== COMPRESSION.zstd && compression !== COMPRESSION.none) {
    throw new BinlogError("unsupported", `a transaction is compressed by method ${compression}`);
  }
  const payload = reader.restBytes();
  if (size !== null && size !== payload.length) {
    throw malformed("a transaction payload has not its stated length");
  }
  return {
    kind: "payload",
    header,
    compression: compression === COMPRESSION.zstd ? "zstd" : "none",
    uncompressedBytes: uncompressed ?? payload.length,
    payload,
  };
}

export function inflatePayload(event: TransactionPayloadEvent, maxBytes: number): Buffer {
  const { payload, uncompressedBytes } = event;
  if (event.compression === "none") return payload;
  if (uncompressedBytes > maxBytes) throw tooLarge(uncompressedBytes, maxBytes);
  let content: Buffer;
  try {
    content = zstdDecompressSync(payload, { maxOutputLength: uncompressedBytes + 1 });
  } catch (error) {
    throw malformed("a transaction payload cannot be decompressed", error);
  }
  if (content.length !== uncompressedBytes) {
    throw malformed("a transaction payload decompresses to another length than stated");
  }
  return content;
}
