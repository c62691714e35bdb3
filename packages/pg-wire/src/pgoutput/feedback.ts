/**
 * The frame around pgoutput inside CopyData (Postgres manual, "Streaming Replication Protocol"):
 * XLogData and keepalives from the server, status updates to it.
 */

export type WalFrame =
  /** The pgoutput message begins at `payload` in the same bytes. */
  | { readonly kind: "data"; readonly payload: number }
  | { readonly kind: "keepalive"; readonly walEnd: bigint; readonly replyRequested: boolean };

const DATA_HEADER_BYTES = 25;

/** Reads the frame header; null when it is neither of the two known kinds. */
export function decodeWalFrame(bytes: Buffer): WalFrame | null {
  if (bytes[0] === 0x77 && bytes.length > DATA_HEADER_BYTES) {
    return { kind: "data", payload: DATA_HEADER_BYTES };
  }
  if (bytes[0] === 0x6b && bytes.length >= 18) {
    return { kind: "keepalive", walEnd: bytes.readBigUInt64BE(1), replyRequested: bytes[17] === 1 };
  }
  return null;
}

/** Milliseconds between 1970-01-01 and 2000-01-01. */
export const POSTGRES_EPOCH_MS = 946_684_800_000;

/**
 * A standby status update. `flushed` and `applied` let the server forget its log up to there;
 * 0 means "nothing yet" and moves nothing.
 */
export function encodeStatusUpdate(status: {
  readonly written: bigint;
  readonly flushed: bigint;
  readonly applied: bigint;
  readonly nowMs: number;
  readonly replyRequested: boolean;
}): Buffer {
  const bytes = Buffer.allocUnsafe(34);
  bytes[0] = 0x72;
  bytes.writeBigUInt64BE(status.written, 1);
  bytes.writeBigUInt64BE(status.flushed, 9);
  bytes.writeBigUInt64BE(status.applied, 17);
  bytes.writeBigInt64BE(BigInt(Math.trunc(status.nowMs) - POSTGRES_EPOCH_MS) * 1000n, 25);
  bytes[33] = status.replyRequested ? 1 : 0;
  return bytes;
}
