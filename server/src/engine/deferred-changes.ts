import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { type StreamChange, type TransactionMark, UNCHANGED } from "../replication/contract.ts";

export interface DeferredChange {
  readonly mark: TransactionMark;
  readonly change: StreamChange;
}

/** Stands for UNCHANGED on disk: a symbol cannot be serialised. */
const UNCHANGED_ON_DISK = { unchanged: true };

/**
 * Changes set aside in order, in memory up to a bound and then in a temporary file, so that a
 * long copy or a large transaction cannot exhaust memory. Each is taken once.
 */
export class DeferredChanges {
  #memory: DeferredChange[] = [];
  #directory: string | null = null;
  #file: number | null = null;
  /** Lengths of the pieces in the file, from the one that begins at `#readAt` on. */
  #chunks: number[] = [];
  #readAt = 0;
  /** What was read from the file or taken from memory last, and how much of it was yielded. */
  #piece: readonly DeferredChange[] = [];
  #pieceAt = 0;
  #size = 0;
  readonly #memoryLimit: number;

  constructor(memoryLimit = 20_000) {
    this.#memoryLimit = memoryLimit;
  }

  get spilled(): boolean {
    return this.#file !== null;
  }

  /** Changes pushed and not taken yet. */
  get size(): number {
    return this.#size;
  }

  push({ position, xid }: TransactionMark, change: StreamChange): void {
    this.#size += 1;
    this.#memory.push({ mark: { position, xid }, change });
    if (this.#memory.length >= this.#memoryLimit) this.#spill();
  }

  /** Yields the oldest changes, at most `limit` of them. */
  *take(limit: number): Iterable<DeferredChange> {
    for (let taken = 0; taken < limit; taken += 1) {
      if (this.#pieceAt === this.#piece.length) this.#nextPiece();
      const change = this.#piece[this.#pieceAt];
      if (change === undefined) return;
      this.#pieceAt += 1;
      this.#size -= 1;
      yield change;
    }
  }

  #nextPiece(): void {
    this.#pieceAt = 0;
    const length = this.#chunks.shift();
    if (length === undefined) {
      this.#piece = this.#memory;
      this.#memory = [];
      return;
    }
    const bytes = Buffer.allocUnsafe(length);
    readSync(this.#file!, bytes, 0, length, this.#readAt);
    this.#readAt += length;
    this.#piece = (deserialize(bytes) as DeferredChange[]).map(fromDisk);
  }

  close(): void {
    this.#memory = [];
    this.#piece = [];
    this.#pieceAt = 0;
    this.#chunks = [];
    this.#readAt = 0;
    this.#size = 0;
    if (this.#file !== null) closeSync(this.#file);
    if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
    this.#file = null;
    this.#directory = null;
  }

  #spill(): void {
    if (this.#file === null) {
      this.#directory = mkdtempSync(join(tmpdir(), "freshet-spill-"));
      this.#file = openSync(join(this.#directory, "changes"), "w+");
    }
    const bytes = serialize(this.#memory.map(toDisk));
    writeSync(this.#file, bytes);
    this.#chunks.push(bytes.length);
    this.#memory = [];
  }
}

function toDisk(item: DeferredChange): unknown {
  const { change } = item;
  if (change.kind !== "update" || !change.row.includes(UNCHANGED)) return item;
  const row = change.row.map((value) => (value === UNCHANGED ? UNCHANGED_ON_DISK : value));
  return { mark: item.mark, change: { ...change, row } };
}

function fromDisk(item: DeferredChange): DeferredChange {
  const { change } = item;
  if (change.kind !== "update") return item;
  const row = change.row.map((value) =>
    typeof value === "object" && value !== null && "unchanged" in value ? UNCHANGED : value,
  );
  return { mark: item.mark, change: { ...change, row } };
}
