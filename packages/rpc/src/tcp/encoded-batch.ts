import { Packr } from "msgpackr";
import { packBatch, unpackBatch } from "../packed-batch.ts";
import { HEADER_BYTES, FRAME, WireError, frameHeader } from "./wire.ts";

/** A whole frame, to be written piece by piece, to any number of links. */
export interface EncodedBatch {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

interface Publication {
  readonly kind: "publish";
  readonly position: string;
  readonly commitTimeMs: number;
  readonly entries: readonly unknown[];
}

interface EncodedPublication extends EncodedBatch {
  readonly position: string;
  readonly commitTimeMs: number;
}

const HEAD_LENGTH_BYTES = 4;
/** Up to here one piece that is copied is cheaper than several. */
const ONE_PIECE_BYTES = 64 * 1024;
const packr = new Packr({ useRecords: false });
const published = new WeakMap<readonly unknown[], EncodedPublication>();

export function isPublication(message: unknown): message is Publication {
  return (message as { readonly kind?: unknown }).kind === "publish";
}

export function encodeBatch(messages: readonly unknown[]): EncodedBatch {
  const packed = packBatch(messages, 0);
  const head = packr.pack(packed.messages);
  const rows = packed.bytes;
  const payloadBytes = HEAD_LENGTH_BYTES + head.length + rows.length;
  const header = frameHeader(FRAME.batch, payloadBytes, HEAD_LENGTH_BYTES);
  header.writeUInt32BE(head.length, HEADER_BYTES);
  const length = HEADER_BYTES + payloadBytes;
  const pieces = [header, head, rows];
  return { pieces: length > ONE_PIECE_BYTES ? pieces : [Buffer.concat(pieces, length)], length };
}

/**
 * A publication as a batch of its own, encoded once for all links that get the same entries:
 * the server gives them one array.
 */
export function encodePublication(message: Publication): EncodedBatch {
  const { entries, position, commitTimeMs } = message;
  const known = published.get(entries);
  if (known?.position === position && known.commitTimeMs === commitTimeMs) return known;
  const encoded = { ...encodeBatch([message]), position, commitTimeMs };
  published.set(entries, encoded);
  return encoded;
}

/** Throws WireError. Rows are views into the payload. */
export function decodeBatch(payload: Buffer): unknown[] {
  try {
    const headEnd = HEAD_LENGTH_BYTES + payload.readUInt32BE();
    if (headEnd > payload.length) throw new WireError("a batch's head is longer than the batch");
    const messages: unknown = packr.unpack(payload.subarray(HEAD_LENGTH_BYTES, headEnd));
    if (!Array.isArray(messages)) throw new WireError("a batch is not a list");
    return unpackBatch({ messages, bytes: payload.subarray(headEnd) });
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError("a batch cannot be decoded", { cause: error });
  }
}
