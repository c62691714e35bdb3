import { ByteScratch } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import { asBuffer, asKey, storedRange } from "./environment.ts";
import type { DataDatabase, KeyBytes, ReadOptions } from "./environment.ts";

/**
 * Values of the data database: the bytes and a last byte that says whether they are all.
 *
 *     bytes | 0
 *     length of the bytes (u32) | 1      with the pieces under: space + 2^31 | rest of key | number
 *
 * No value may need more than part of one page. LMDB puts such a value on pages of its own, and
 * when one transaction writes and then replaces it, lmdb-js's list of free pages goes wrong: the
 * page is put into the list in memory without a mark that the list must be written
 * (`mdb_ovpage_free`), and commits fail or lose pages. Without such values that code never runs.
 */
const NODE_LIMIT = 1900;
export const PIECE_BYTES = 1000;
const WHOLE = 0;
const IN_PIECES = 1;
/** Added to a space: where the pieces of its values are. */
export const PIECES_SPACE = 0x80000000;
const MARKER_BYTES = 5;

const pieceKey = new ByteScratch(256);
const piece = new ByteScratch(PIECE_BYTES + 1);
const marker = new ByteScratch(MARKER_BYTES);
const assembled = new ByteScratch(8192);

/** lmdb's types leave out that getBinaryFast takes the options of `get`. */
interface FastReader {
  getBinaryFast(key: Buffer, options: ReadOptions | undefined): Uint8Array | undefined;
}

function getFast(data: DataDatabase, key: KeyBytes, options?: ReadOptions): Buffer | undefined {
  const value = (data as unknown as FastReader).getBinaryFast(asKey(key), options);
  return value === undefined ? undefined : asBuffer(value);
}

/** The value's bytes, valid until the next read; what follows them is not part of them. */
export function getValue(
  data: DataDatabase,
  key: KeyBytes,
  options?: ReadOptions,
): Buffer | undefined {
  const value = getFast(data, key, options);
  if (value === undefined || value[value.length - 1] === WHOLE) return value;
  return assemble(data, key.bytes, 0, key.length, value, options);
}

/** The same for an entry that a range read came to. */
export function wholeValue(
  data: DataDatabase,
  key: { readonly bytes: Buffer; readonly start: number; readonly end: number },
  value: Buffer,
  options?: ReadOptions,
): Buffer {
  if (value[value.length - 1] === WHOLE) return value;
  return assemble(data, key.bytes, key.start, key.end, value, options);
}

/** Stores the bytes; `payload` is changed. Pieces of an earlier value go. */
export function putValue(data: DataDatabase, key: KeyBytes, payload: ByteScratch): void {
  const before = pieceCountAt(data, key);
  let count = 0;
  if (payload.length + key.length + 1 <= NODE_LIMIT) {
    payload.appendByte(WHOLE);
    data.putSync(asKey(key), storedRange(payload));
  } else {
    setPieceKey(key.bytes, 0, key.length);
    for (let at = 0; at < payload.length; at += PIECE_BYTES) {
      numberPieceKey(count++);
      piece.reset();
      piece.appendBytes(payload.bytes, at, Math.min(at + PIECE_BYTES, payload.length));
      data.putSync(asKey(pieceKey), storedRange(piece));
    }
    marker.length = marker.bytes.writeUInt32LE(payload.length, 0);
    marker.appendByte(IN_PIECES);
    data.putSync(asKey(key), storedRange(marker));
  }
  removePieces(data, key, count, before);
}

export function removeValue(data: DataDatabase, key: KeyBytes): void {
  removePieces(data, key, 0, pieceCountAt(data, key));
  data.removeSync(asKey(key));
}

/** How many pieces the value now stored has. */
function pieceCountAt(data: DataDatabase, key: KeyBytes): number {
  const value = getFast(data, key);
  if (value === undefined || value[value.length - 1] === WHOLE) return 0;
  return Math.ceil(value.readUInt32LE(0) / PIECE_BYTES);
}

function removePieces(data: DataDatabase, key: KeyBytes, from: number, to: number): void {
  if (from >= to) return;
  setPieceKey(key.bytes, 0, key.length);
  for (let at = from; at < to; at++) {
    numberPieceKey(at);
    data.removeSync(asKey(pieceKey));
  }
}

function assemble(
  data: DataDatabase,
  keyBytes: Buffer,
  keyStart: number,
  keyEnd: number,
  value: Buffer,
  options: ReadOptions | undefined,
): Buffer {
  const length = value.readUInt32LE(0);
  setPieceKey(keyBytes, keyStart, keyEnd);
  assembled.reset();
  for (let at = 0; assembled.length < length; at++) {
    numberPieceKey(at);
    const next = getFast(data, pieceKey, options);
    if (next === undefined) throw new InvariantError("a piece of a stored row is missing");
    assembled.appendBytes(next, 0, Math.min(PIECE_BYTES, length - assembled.length));
  }
  return assembled.bytes;
}

function setPieceKey(bytes: Buffer, start: number, end: number): void {
  pieceKey.reset();
  pieceKey.appendBytes(bytes, start, end);
  pieceKey.bytes[0] = (pieceKey.bytes[0] as number) | 0x80;
  pieceKey.appendUint32(0);
}

function numberPieceKey(number: number): void {
  pieceKey.length -= 4;
  pieceKey.appendUint32(number);
}
