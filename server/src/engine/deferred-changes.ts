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
 * long copy or a large transaction cannot exhaust memory. `drain` yields all of them once.
 */
export class DeferredChanges {
  #memory: DeferredChange[] = [];
  #directory: string | null = null;
  #file: number | null = null;
  #chunks: number[] = [];
  readonly #memoryLimit: number;

  constructor(memoryLimit = 20_000) {
    this.#memoryLimit = memoryLimit;
  }

  get spilled(): boolean {
    return this.#file !== null;
  }

  push(mark: TransactionMark, change: StreamChange): void {
    this.#memory.push({ mark, change });
    if (this.#memory.length >= this.#memoryLimit) this.#spill();
  }

  *drain(): Iterable<DeferredChange> {
    const { chunks } = { chunks: this.#chunks };
    let offset = 0;
    for (const length of chunks) {
      const bytes = Buffer.allocUnsafe(length);
      readSync(this.#file!, bytes, 0, length, offset);
      offset += length;
      for (const item of deserialize(bytes) as DeferredChange[]) yield fromDisk(item);
    }
    const rest = this.#memory;
    this.#memory = [];
    yield* rest;
  }

  close(): void {
    this.#memory = [];
    this.#chunks = [];
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
