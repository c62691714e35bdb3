import { Backoff, type Clock } from "@freshet/util";
import type { CacheRegistry } from "../controller/cache-registry.ts";

/**
 * Builds caches that are out of service again, at once when asked and, as long as there are any,
 * again and again: whatever stood in the way (a lock, a privilege, a table that is gone) may
 * have been mended upstream without a word to us.
 */
export class CacheRebuilder {
  readonly #registry: CacheRegistry;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #backoff = new Backoff({ firstMs: 250, limitMs: 10_000 });
  #waiting = new AbortController();

  constructor(registry: CacheRegistry, clock: Clock, signal: AbortSignal) {
    this.#registry = registry;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Resolves when every cache has been built or has failed once. Never rejects. */
  async now(): Promise<void> {
    this.#backoff.reset();
    this.#waiting.abort();
    this.#waiting = new AbortController();
    void this.#again(this.#waiting.signal);
    await this.#registry.rebuild();
  }

  async #again(replaced: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([replaced, this.#signal]);
    for (;;) {
      await this.#clock.wait(this.#backoff.nextDelayMs(), stop);
      if (stop.aborted || this.#registry.complete) return;
      void this.#registry.rebuild();
    }
  }
}
