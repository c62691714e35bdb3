import type { Clock, Logger } from "@freshet/util";

const REPEAT_AFTER_MS = 60_000;
const REMEMBERED = 256;

/** Warnings about strangers, who may come as often as they like: each once a minute. */
export class SparseWarnings {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #lastMs = new Map<string, number>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  warn(address: string, reason: string): void {
    const key = `${address} ${reason}`;
    const nowMs = this.#clock.monotonicMs();
    const lastMs = this.#lastMs.get(key);
    if (lastMs !== undefined && nowMs - lastMs < REPEAT_AFTER_MS) return;
    this.#lastMs.delete(key);
    this.#lastMs.set(key, nowMs);
    for (const oldest of this.#lastMs.keys()) {
      if (this.#lastMs.size <= REMEMBERED) break;
      this.#lastMs.delete(oldest);
    }
    this.#logger.warn({ address, reason }, "a connection to the adapters' port was dropped");
  }
}
