import { type Clock, type Logger, messageOf } from "@freshet/util";
import { Wake } from "../wake.ts";

const PING_EVERY_MS = 1_000;
/** Of one ping. */
export const PING_TIMEOUT_MS = 1_500;
/** After a first failure, which may be a connection that was closed while it was idle. */
const PING_AGAIN_MS = 250;
const FAILURES_TO_BE_AWAY = 2;

/**
 * Whether Consul answers, by a small question every second: requests that wait for a change can
 * hang for long without telling anything.
 */
export class Reachability {
  readonly #wake = new Wake();
  readonly #handlers: ((reachable: boolean) => void)[] = [];
  readonly #logger: Logger;
  #reachable = false;
  #failures = 0;
  #told = false;

  constructor(options: {
    readonly ping: () => Promise<unknown>;
    readonly signal: AbortSignal;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#logger = options.logger;
    void this.#run(options);
  }

  get reachable(): boolean {
    return this.#reachable;
  }

  onReachable(handler: (reachable: boolean) => void): void {
    this.#handlers.push(handler);
  }

  /** A request failed: asks at once. */
  doubt(): void {
    if (this.#reachable) this.#wake.call();
  }

  async #run(options: {
    readonly ping: () => Promise<unknown>;
    readonly signal: AbortSignal;
    readonly clock: Clock;
  }): Promise<void> {
    const { ping, signal, clock } = options;
    while (!signal.aborted) {
      try {
        await ping();
        this.#failures = 0;
        if (!signal.aborted) this.#set(true, "");
      } catch (error) {
        this.#failures += 1;
        const away = !this.#reachable || this.#failures >= FAILURES_TO_BE_AWAY;
        if (away && !signal.aborted) this.#set(false, messageOf(error));
      }
      const again = this.#failures > 0 && this.#failures < FAILURES_TO_BE_AWAY;
      if (again) await clock.wait(PING_AGAIN_MS, signal);
      else await this.#wake.wait(clock, PING_EVERY_MS, signal);
    }
  }

  #set(reachable: boolean, reason: string): void {
    if (this.#reachable === reachable && this.#told) return;
    const first = !this.#told;
    this.#told = true;
    this.#reachable = reachable;
    if (reachable) this.#logger.info({}, "Consul answers");
    else this.#logger.warn({ error: reason }, "Consul is away: reads, hits and forwards go on");
    if (!first || reachable) for (const handler of this.#handlers) handler(reachable);
  }
}
