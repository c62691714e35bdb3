import type { Row } from "@freshet/types";
import { OperationalError } from "@freshet/util";

/** Batches that wait for the consumer before the readers have to. */
const READY_BATCHES_LIMIT = 8;

/** Between the readers of a copy and whoever stores the rows: bounded, the first failure ends it. */
export class CopyQueue {
  readonly #ready: (readonly Row[])[] = [];
  #readers: number;
  #failure: Error | null = null;
  #closed = false;
  #wakeConsumer: (() => void) | null = null;
  #wakeReaders: (() => void)[] = [];

  constructor(readers: number) {
    this.#readers = readers;
  }

  get ended(): boolean {
    return this.#closed || this.#failure !== null;
  }

  /** A promise: wait for it before offering more. */
  offer(rows: readonly Row[]): Promise<void> | undefined {
    if (this.ended) return undefined;
    this.#ready.push(rows);
    this.#wake();
    if (this.#ready.length < READY_BATCHES_LIMIT) return undefined;
    return new Promise((resolve) => this.#wakeReaders.push(resolve));
  }

  readerLeft(): void {
    this.#readers -= 1;
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new OperationalError(String(error));
    this.#release();
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#release();
    this.#wake();
  }

  async *batches(): AsyncGenerator<readonly Row[]> {
    while (!this.#closed) {
      if (this.#failure !== null) throw this.#failure;
      const batch = this.#ready.shift();
      if (batch !== undefined) {
        if (this.#ready.length < READY_BATCHES_LIMIT) this.#release();
        yield batch;
      } else if (this.#readers === 0) return;
      else await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
    }
  }

  #wake(): void {
    const wake = this.#wakeConsumer;
    this.#wakeConsumer = null;
    wake?.();
  }

  #release(): void {
    const waiting = this.#wakeReaders;
    this.#wakeReaders = [];
    for (const release of waiting) release();
  }
}
