/** Time as an injected dependency: milliseconds since the epoch, a monotonic clock, a wait. */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
  /** Resolves after `durationMs`, or at once (without error) when the signal aborts. */
  wait(durationMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  wait(durationMs, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, durationMs);
      signal?.addEventListener("abort", done, { once: true });
    });
  },
};
