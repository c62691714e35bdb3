import type { Clock } from "./clock.ts";

export interface BackoffOptions {
  readonly firstMs: number;
  readonly limitMs: number;
  /** 0..1 uniform random source; injected so tests are repeatable. */
  readonly random?: () => number;
}

/** Exponential back-off with full jitter in the upper half: the n-th wait is in [d/2, d]. */
export class Backoff {
  #nextMs: number;
  readonly #options: BackoffOptions;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#nextMs = options.firstMs;
  }

  /** Call after success, so that the next failure waits briefly again. */
  reset(): void {
    this.#nextMs = this.#options.firstMs;
  }

  nextDelayMs(): number {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(this.#options.limitMs, delayMs * 2);
    return delayMs / 2 + (delayMs / 2) * (this.#options.random ?? Math.random)();
  }
}

/**
 * Runs `step` until the signal aborts. A step that throws is reported and tried again after a
 * back-off; a step that returns resets the back-off and runs again at once.
 */
export async function runLoop(options: {
  readonly step: (signal: AbortSignal) => Promise<void>;
  readonly onError: (error: unknown, delayMs: number) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly backoff: Backoff;
}): Promise<void> {
  const { step, onError, signal, clock, backoff } = options;
  while (!signal.aborted) {
    try {
      await step(signal);
      backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      const delayMs = backoff.nextDelayMs();
      onError(error, delayMs);
      await clock.wait(delayMs, signal);
    }
  }
}
