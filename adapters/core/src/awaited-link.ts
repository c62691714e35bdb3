import type { Clock } from "@freshet/util";

/** Why there is no link to a server just now. */
export interface MissingLink {
  /** What is missing, for clients. */
  readonly reason: string;
  /** One may be there any moment; it is worth a short wait. */
  readonly mayCome: boolean;
}

const WAIT_LIMIT_MS = 3_000;

/**
 * Lets our own statements wait a moment for a link that is being made: clients are served
 * (forwarded) before the first one is.
 */
export class AwaitedLink {
  readonly #clock: Clock;
  #missing: MissingLink = { reason: "the cache server is not available", mayCome: false };
  #news = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get reason(): string {
    return this.#missing.reason;
  }

  lacks(missing: MissingLink): void {
    this.#missing = missing;
    if (!missing.mayCome) this.wake();
  }

  /** There is a link, or there will be none: whoever waits looks again. */
  wake(): void {
    this.#news.abort();
    this.#news = new AbortController();
  }

  /** Resolves after an arrival, when waiting has no point, or after the limit. */
  async wait(): Promise<void> {
    if (this.#missing.mayCome) await this.#clock.wait(WAIT_LIMIT_MS, this.#news.signal);
  }
}
