import type { EncodedRows } from "@freshet/types";

/**
 * Messages as they cross a thread: the row bytes of the whole batch stand in one buffer of
 * exactly their size, which is transferred. A structured clone of a view copies all of the
 * buffer behind it, which for pooled and slab-held bytes is far more than the view; and a
 * transfer of the sender's own buffer would detach rows that other links share.
 *
 * The receiver's views share the batch's buffer: whoever keeps rows copies them out.
 */
export interface PackedBatch {
  readonly messages: readonly unknown[];
  readonly bytes: Uint8Array;
  /** What the batch counts for on a bounded link. */
  readonly cost: number;
}

interface PackedRows {
  readonly count: number;
  readonly at: number;
  readonly length: number;
}

interface WithRows {
  readonly kind: "filled";
  readonly rows: EncodedRows;
}

interface WithEntries {
  readonly kind: "publish";
  readonly entries: readonly { readonly key: string; readonly rows: EncodedRows | null }[];
}

const MESSAGE_COST = 128;
const ENTRY_COST = 64;

/** Bytes a message counts for: its rows, its keys and a flat charge for the rest. */
export function messageCost(message: unknown): number {
  if (hasRows(message)) return MESSAGE_COST + message.rows.bytes.length;
  if (!hasEntries(message)) return MESSAGE_COST;
  let cost = MESSAGE_COST;
  for (const entry of message.entries) {
    cost += ENTRY_COST + entry.key.length + (entry.rows?.bytes.length ?? 0);
  }
  return cost;
}

export function packBatch(messages: readonly unknown[], cost: number): PackedBatch {
  let length = 0;
  for (const message of messages) length += rowBytes(message);
  const bytes = new Uint8Array(length);
  let at = 0;
  const pack = (rows: EncodedRows): PackedRows => {
    const packed = { count: rows.count, at, length: rows.bytes.length };
    bytes.set(rows.bytes, at);
    at += rows.bytes.length;
    return packed;
  };
  return { messages: messages.map((message) => mapRows(message, pack)), bytes, cost };
}

/** Throws RangeError when rows are said to stand where there are no bytes. */
export function unpackBatch(batch: Omit<PackedBatch, "cost">): unknown[] {
  const unpack = ({ count, at, length }: PackedRows): EncodedRows => {
    if (!(at >= 0 && length >= 0 && at + length <= batch.bytes.length)) {
      throw new RangeError("rows outside of their batch");
    }
    return { count, bytes: batch.bytes.subarray(at, at + length) };
  };
  return batch.messages.map((message) => mapRows(message, unpack));
}

function rowBytes(message: unknown): number {
  if (hasRows(message)) return message.rows.bytes.length;
  if (!hasEntries(message)) return 0;
  return message.entries.reduce((sum, entry) => sum + (entry.rows?.bytes.length ?? 0), 0);
}

function mapRows<From, To>(message: unknown, map: (rows: From) => To): unknown {
  if (hasRows(message)) return { ...message, rows: map(message.rows as From) };
  if (!hasEntries(message)) return message;
  const entries = message.entries.map((entry) =>
    entry.rows === null ? entry : { ...entry, rows: map(entry.rows as From) },
  );
  return { ...message, entries };
}

function hasRows(message: unknown): message is WithRows {
  return (message as { readonly kind?: unknown }).kind === "filled";
}

function hasEntries(message: unknown): message is WithEntries {
  return (message as { readonly kind?: unknown }).kind === "publish";
}
