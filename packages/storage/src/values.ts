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

/** How many pieces the value last read through here had; 0 when it was whole or not there. */
export const lastRead = { pieces: 0 };

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
  lastRead.pieces = 0;
  if (value === undefined || isWhole(value)) return value;
  return assemble(data, key, value, options);
}

/** The same for a value that a range read came to. */
export function wholeValue(
  data: DataDatabase,
  key: KeyBytes,
  value: Buffer,
  options?: ReadOptions,
): Buffer {
  return isWhole(value) ? value : assemble(data, key, value, options);
}

export function isWhole(value: Buffer): boolean {
  return value[value.length - 1] === WHOLE;
}

/**
 * Stores the bytes in place of a value that had so many pieces (see `lastRead`); `payload` is
 * changed.
 */
export function putValue(
  data: DataDatabase,
  key: KeyBytes,
  payload: ByteScratch,
  before: number,
): void {
  let count = 0;
  if (payload.length + key.length + 1 <= NODE_LIMIT) {
    payload.appendByte(WHOLE);
    data.putSync(asKey(key), storedRange(payload));
  } else {
    setPieceKey(key);
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

export function removeValue(data: DataDatabase, key: KeyBytes, before: number): void {
  removePieces(data, key, 0, before);
  data.removeSync(asKey(key));
}

function removePieces(data: DataDatabase, key: KeyBytes, from: number, to: number): void {
  if (from >= to) return;
  setPieceKey(key);
  for (let at = from; at < to; at++) {
    numberPieceKey(at);
    data.removeSync(asKey(pieceKey));
  }
}

function assemble(
  data: DataDatabase,
  key: KeyBytes,
  value: Buffer,
  options: ReadOptions | undefined,
): Buffer {
  const length = value.readUInt32LE(0);
  lastRead.pieces = Math.ceil(length / PIECE_BYTES);
  setPieceKey(key);
  assembled.reset();
  for (let at = 0; assembled.length < length; at++) {
    numberPieceKey(at);
    const next = getFast(data, pieceKey, options);
    if (next === undefined) throw new InvariantError("a piece of a stored row is missing");
    assembled.appendBytes(next, 0, Math.min(PIECE_BYTES, length - assembled.length));
  }
  return assembled.bytes;
}

function setPieceKey(key: KeyBytes): void {
  pieceKey.reset();
  pieceKey.appendBytes(key.bytes, 0, key.length);
  pieceKey.bytes[0] = (pieceKey.bytes[0] as number) | 0x80;
  pieceKey.appendUint32(0);
}

function numberPieceKey(number: number): void {
  pieceKey.length -= 4;
  pieceKey.appendUint32(number);
}
