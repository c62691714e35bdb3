import { ProtocolViolation } from "../protocol-violation.ts";
import { BinlogError, malformed } from "./binlog-error.ts";
import {
  CHECKSUM_BYTES,
  HEADER_BYTES,
  checksumAgrees,
  readEventHeader,
  verifyChecksum,
} from "./event-header.ts";
import { EventReader } from "./event-reader.ts";
import {
  type BinlogEvent,
  type ChecksumAlgorithm,
  EVENT_TYPE,
  type EventHeader,
  type TransactionPayloadEvent,
} from "./events.ts";
import { readBody } from "./event-body.ts";
import { inflatePayload } from "./payload.ts";
import { checksumOfFormat } from "./format.ts";

export interface BinlogDecoderOptions {
  /** Of events before the first FORMAT_DESCRIPTION; found out by itself when left out. */
  readonly checksum?: ChecksumAlgorithm;
  /** Upper bound of a decompressed transaction; 1 GiB unless given. */
  readonly maxPayloadBytes?: number;
}

const DEFAULT_MAX_PAYLOAD_BYTES = 1024 ** 3;

/**
 * Decodes the events of one dump in order; a FORMAT_DESCRIPTION sets how the following ones are
 * protected. After a BinlogError the decoder must not be used again.
 */
export class BinlogDecoder {
  readonly #maxPayloadBytes: number;
  #checksum: ChecksumAlgorithm | null;
  #mariadb = false;

  constructor(options: BinlogDecoderOptions = {}) {
    this.#checksum = options.checksum ?? null;
    this.#maxPayloadBytes = options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES;
  }

  /**
   * `event`: one whole event: header, body and, where agreed, checksum. Events keep views of it,
   * so its memory must not be reused while they live.
   */
  decode(event: Buffer): BinlogEvent {
    const header = readEventHeader(event);
    if (header.size !== event.length) {
      throw malformed(`a binary log event of ${event.length} bytes says it has ${header.size}`);
    }
    const end = this.#protectedEnd(event, header);
    const decoded = this.#read(event, HEADER_BYTES, end, header);
    if (decoded.kind === "format") {
      this.#checksum = decoded.checksum;
      this.#mariadb = decoded.mariadb;
    }
    return decoded;
  }

  /** The events within a compressed transaction, in order; they have no checksums of their own. */
  *inner(event: TransactionPayloadEvent): Generator<BinlogEvent, void> {
    const bytes = inflatePayload(event, this.#maxPayloadBytes);
    let at = 0;
    while (at < bytes.length) {
      const header = readEventHeader(bytes, at);
      const end = at + header.size;
      if (header.size < HEADER_BYTES || end > bytes.length) {
        throw malformed("an event of a transaction payload ends too early");
      }
      if (header.type === EVENT_TYPE.transactionPayload) {
        throw malformed("a transaction payload within a transaction payload");
      }
      yield this.#read(bytes, at + HEADER_BYTES, end, header);
      at = end;
    }
  }

  /** Verifies the checksum, where there is one, and returns where the body ends. */
  #protectedEnd(event: Buffer, header: EventHeader): number {
    if (header.type === EVENT_TYPE.formatDescription) {
      // It carries room for a checksum even where there are none.
      if (checksumOfFormat(event) === "crc32") verifyChecksum(event, header);
      return event.length - CHECKSUM_BYTES;
    }
    if (this.#checksum === null) {
      // The dump starts with an artificial ROTATE, before anything tells how it is protected.
      if (header.type !== EVENT_TYPE.rotate) {
        throw malformed(`the binary log starts with an event of type ${header.type}`);
      }
      return checksumAgrees(event) ? event.length - CHECKSUM_BYTES : event.length;
    }
    if (this.#checksum === "none") return event.length;
    verifyChecksum(event, header);
    return event.length - CHECKSUM_BYTES;
  }

  #read(bytes: Buffer, start: number, end: number, header: EventHeader): BinlogEvent {
    const settings = { maxInflatedBytes: this.#maxPayloadBytes, mariadb: this.#mariadb };
    try {
      return readBody(new EventReader(bytes, start, end), header, settings);
    } catch (error) {
      if (error instanceof BinlogError) throw error;
      if (error instanceof ProtocolViolation || error instanceof RangeError) {
        throw malformed(`a binary log event of type ${header.type} is malformed`, error);
      }
      throw error;
    }
  }
}
