import type { Clock, Logger } from "@freshet/util";
import type { Positions } from "./positions.ts";

/** A server that follows its database is at its end within moments, unless it is far behind. */
const LIMIT_MS = 30_000;
const RETRY_MS = 500;

export interface CatchingUpOptions {
  readonly positions: Positions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The server has caught up; answers may be given. */
  readonly onDone: () => void;
}

/**
 * After a change of servers nothing is shown that is older than what was shown before: the next
 * server may lag behind the last one. What was shown has no one position (fills come without one,
 * in MySQL a session's own write too, and positions are the server's to order), but all of it was
 * committed by the time the next server is asked. So that server is asked to apply all that.
 *
 * One that cannot say it for long is believed in the end: else an upstream that does not tell its
 * position would switch the caches off for good.
 */
export class CatchingUp {
  readonly #options: CatchingUpOptions;
  /** Answers may have been given, by whichever server's entries. */
  #hasShown = false;
  #isBehind = false;
  #asking: AbortController | null = null;

  constructor(options: CatchingUpOptions) {
    this.#options = options;
  }

  /** Another server, or the same one after a gap. */
  begin(): void {
    this.stop();
    this.#isBehind = this.#hasShown;
  }

  /** The server is gone or gives no answers: asking it is of no use. */
  stop(): void {
    this.#asking?.abort();
    this.#asking = null;
  }

  /** The server serves. False: not yet here, `onDone` will be called. */
  mayShow(): boolean {
    if (!this.#isBehind) {
      this.#hasShown = true;
      return true;
    }
    if (this.#asking === null) {
      this.#asking = new AbortController();
      void this.#ask(this.#asking.signal);
    }
    return false;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { positions, clock, logger, onDone } = this.#options;
    const endMs = clock.monotonicMs() + LIMIT_MS;
    // With all the time there is: asking another time asks for a later moment.
    let reached = await positions.wait("", LIMIT_MS);
    while (!signal.aborted && !reached && clock.monotonicMs() < endMs) {
      await clock.wait(RETRY_MS, signal);
      const leftMs = endMs - clock.monotonicMs();
      if (!signal.aborted && leftMs > 0) reached = await positions.wait("", leftMs);
    }
    if (signal.aborted) return;
    if (!reached) {
      const message = "the server does not catch up; answers may be older than before";
      logger.warn({ waitedMs: LIMIT_MS }, message);
    }
    this.#asking = null;
    this.#isBehind = false;
    onDone();
  }
}
