/** Time between two looks; a thread gives a sign of life about as often. */
export const SILENCE_TICK_MS = 1_000;

/**
 * How long a thread has given no sign of life, as time in which this thread ran: when the whole
 * process was suspended, or this thread was itself held up, nobody could have been heard, so
 * between two looks no more than two ticks count.
 */
export class SilenceMeter {
  #lookedMs: number;
  #silentMs = 0;

  constructor(nowMs: number) {
    this.#lookedMs = nowMs;
  }

  get silentMs(): number {
    return this.#silentMs;
  }

  heard(): void {
    this.#silentMs = 0;
  }

  look(nowMs: number): number {
    this.#silentMs += Math.min(nowMs - this.#lookedMs, 2 * SILENCE_TICK_MS);
    this.#lookedMs = nowMs;
    return this.#silentMs;
  }
}
