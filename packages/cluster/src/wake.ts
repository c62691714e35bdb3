import type { Clock } from "@freshet/util";

/** Lets a loop wait until something happens or a time has passed; a call between waits counts. */
export class Wake {
  #called = false;
  #resolve: (() => void) | null = null;

  call(): void {
    this.#called = true;
    this.#resolve?.();
  }

  async wait(clock: Clock, durationMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#called && !signal.aborted) {
      const waiting = new AbortController();
      const stop = (): void => waiting.abort();
      this.#resolve = stop;
      signal.addEventListener("abort", stop, { once: true });
      await clock.wait(durationMs, waiting.signal);
      signal.removeEventListener("abort", stop);
      this.#resolve = null;
    }
    this.#called = false;
  }
}
