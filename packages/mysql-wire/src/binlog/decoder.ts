import { BinlogError } from "./binlog-error.ts";
import type { BinlogEvent, ChecksumAlgorithm, EventHeader, TransactionPayloadEvent } from "./events.ts";

export interface BinlogDecoderOptions {
  /** Of events before the first FORMAT_DESCRIPTION; found out by itself when left out. */
  readonly checksum?: ChecksumAlgorithm;
  /** Upper bound of a decompressed transaction; 1 GiB unless given. */
  readonly maxPayloadBytes?: number;
}

/** The header at `at`. Throws BinlogError when there are fewer than 19 bytes. */
export function readEventHeader(bytes: Buffer, at = 0): EventHeader {
  throw new BinlogError("unsupported", `${bytes.length} ${at}`);
}

/** Decodes the events of one dump in order; a FORMAT_DESCRIPTION sets what follows. */
export class BinlogDecoder {
  constructor(options: BinlogDecoderOptions = {}) {
    void options;
  }

  /** `event`: one whole event: header, body and, where agreed, checksum. */
  decode(event: Buffer): BinlogEvent {
    throw new BinlogError("unsupported", `${event.length}`);
  }

  /** The events within a compressed transaction, in order. */
  *inner(event: TransactionPayloadEvent): Generator<BinlogEvent, void> {
    throw new BinlogError("unsupported", `${event.payload.length}`);
  }
}
