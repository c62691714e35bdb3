import { open } from "lmdb";
import type { Database, RootDatabase, Transaction } from "lmdb";
import type { ByteScratch } from "@freshet/types";
import { MetaStore } from "./meta-store.ts";

/** A key being written, or the scratch it is in. */
export type KeyBytes = Pick<ByteScratch, "bytes" | "length">;

/** Bytes as lmdb-js wants them for a put: a buffer with the range to store. */
interface StoredRange {
  start: number;
  end: number;
}

export type DataDatabase = Database<Buffer, Buffer>;

export interface Environment {
  readonly root: RootDatabase;
  /** Rows and index entries. Keys and values never leave lmdb-js's own buffers uncopied. */
  readonly data: DataDatabase;
  /** Position, documents, table records, row counts. */
  readonly meta: MetaStore;
  /** Flushes everything committed, off this thread. */
  sync(): Promise<void>;
}

/** Reads with these see one snapshot; kept per snapshot so that a read allocates none. */
export interface ReadOptions {
  readonly transaction: Transaction;
}

export interface EnvironmentOptions {
  readonly path: string;
  readonly mapSizeBytes: number | undefined;
  readonly useWritemap: boolean;
}

/** The most recent key that a range read over `data` passed: valid until the next read. */
export const currentKey: { bytes: Buffer; start: number; end: number } = {
  bytes: Buffer.alloc(0),
  start: 0,
  end: 0,
};

/**
 * Undeclared in lmdb's types: keep no list of free pages in memory between transactions. Twice as
 * fast for small transactions over a file with many free pages (it is checked at every commit).
 */
const LEAN_FREE_LIST: object = { maxFreeSpaceToRetain: 0 };

const DATABASE_COUNT = 4;
/** Readers are few (this process only); each costs a cache line. */
const READER_COUNT = 1024;

export function openEnvironment(options: EnvironmentOptions): Environment {
  const root = open({
    path: options.path,
    noSubdir: true,
    maxDbs: DATABASE_COUNT,
    maxReaders: READER_COUNT,
    // Flushing is `sync`'s business alone. What this costs after a power failure is in
    // `store-files.ts`.
    noSync: true,
    overlappingSync: false,
    useWritemap: options.useWritemap,
    encoding: "binary",
    ...LEAN_FREE_LIST,
    ...(options.mapSizeBytes === undefined ? {} : { mapSize: options.mapSizeBytes }),
  });
  const data = root.openDB<Buffer, Buffer>("data", {
    encoder: { encode: asIs, decode: asBuffer },
    decoder: { encode: asIs, decode: asBuffer },
    keyEncoder: { writeKey, readKey },
    // The type knows encoders only for root databases.
  } as Parameters<RootDatabase["openDB"]>[1]);
  const meta = new MetaStore(root.openDB<Buffer, string>("meta", { encoding: "binary" }));
  return { root, data, meta, sync: () => sync(root) };
}

function asIs(value: Buffer): Buffer {
  return value;
}

/** Large values come as views of the mapped file, which are plain Uint8Arrays. */
export function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function writeKey(key: KeyBytes, target: Buffer, start: number): number {
  const { bytes, length } = key;
  if (length <= 48) {
    for (let from = 0, to = start; from < length; from++, to++) target[to] = bytes[from] as number;
  } else {
    bytes.copy(target, start, 0, length);
  }
  return start + length;
}

/** Hands out no copy: range reads look at `currentKey`. */
function readKey(source: Buffer, start: number, end: number): undefined {
  currentKey.bytes = source;
  currentKey.start = start;
  currentKey.end = end;
}

/** lmdb-js takes the bytes from `start` to `end` of a buffer that has these properties. */
export function storedRange(scratch: KeyBytes): Buffer {
  const range = scratch.bytes as Buffer & StoredRange;
  range.start = 0;
  range.end = scratch.length;
  return range;
}

/** lmdb-js's key type knows only its own forms; ours are written by `writeKey` above. */
export function asKey(key: KeyBytes): Buffer {
  return key as unknown as Buffer;
}

/** Undeclared in lmdb's types: calls back when the pages are on disk. */
interface Syncing {
  sync(callback: (error?: Error) => void): void;
}

function sync(root: RootDatabase): Promise<void> {
  return new Promise((resolve, reject) => {
    (root as unknown as Syncing).sync((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
