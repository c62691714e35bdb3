import type { Clock } from "./clock.ts";

/** For tests: time stands still until the test moves it. */
export class ManualClock implements Clock {
  #ms = 0;
  readonly #waits = new Set<{ readonly untilMs: number; readonly resolve: () => void }>();

  nowMs(): number {
    return this.#ms;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  wait(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const wait = { untilMs: this.#ms + durationMs, resolve };
      this.#waits.add(wait);
      signal?.addEventListener("abort", () => {
        this.#waits.delete(wait);
        resolve();
      });
    });
  }

  /** As if the process had been stopped for so long: timers ring only afterwards. */
  advance(durationMs: number): void {
    this.#ms += durationMs;
    for (const wait of [...this.#waits]) {
      if (wait.untilMs > this.#ms) continue;
      this.#waits.delete(wait);
      wait.resolve();
    }
  }
}
