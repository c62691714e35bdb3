import type { Clock } from "@freshet/util";

interface Waiter {
  readonly position: string;
  readonly settle: (reached: boolean) => void;
}

/**
 * Those who wait for the engine to have applied everything up to a position. While anyone
 * waits, `nudge` is called every few milliseconds, so that an idle stream reports its progress.
 */
export class PositionWaiters {
  #waiters: Waiter[] = [];
  #visible: string | null = null;
  #nudging = false;
  readonly #compare: (left: string, right: string) => number;
  readonly #nudge: () => void;
  readonly #clock: Clock;

  constructor(options: {
    readonly compare: (left: string, right: string) => number;
    readonly nudge: () => void;
    readonly clock: Clock;
  }) {
    this.#compare = options.compare;
    this.#nudge = options.nudge;
    this.#clock = options.clock;
  }

  get visible(): string | null {
    return this.#visible;
  }

  advance(position: string): void {
    if (this.#visible !== null && this.#compare(position, this.#visible) < 0) return;
    this.#visible = position;
    if (this.#waiters.length === 0) return;
    const waiting: Waiter[] = [];
    for (const waiter of this.#waiters) {
      if (this.#compare(waiter.position, position) <= 0) waiter.settle(true);
      else waiting.push(waiter);
    }
    this.#waiters = waiting;
  }

  /** The stream starts over: what was visible stands, but waiting has to begin anew. */
  reset(position: string | null): void {
    this.#visible = position;
  }

  reached(position: string): boolean {
    return this.#visible !== null && this.#compare(position, this.#visible) <= 0;
  }

  /** True when reached in time; false after the limit or when the signal aborts. */
  wait(position: string, limitMs: number | null, signal?: AbortSignal): Promise<boolean> {
    if (this.reached(position)) return Promise.resolve(true);
    if (signal?.aborted === true) return Promise.resolve(false);
    return new Promise((resolve) => {
      const ended = new AbortController();
      const waiter: Waiter = {
        position,
        settle: (reached) => {
          ended.abort();
          signal?.removeEventListener("abort", giveUp);
          resolve(reached);
        },
      };
      const giveUp = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        waiter.settle(false);
      };
      this.#waiters.push(waiter);
      signal?.addEventListener("abort", giveUp, { once: true });
      if (limitMs !== null) {
        void this.#clock.wait(limitMs, ended.signal).then(() => {
          if (!ended.signal.aborted) giveUp();
        });
      }
      this.#keepNudging();
    });
  }

  #keepNudging(): void {
    if (this.#nudging) return;
    this.#nudging = true;
    void this.#nudgeLoop();
  }

  async #nudgeLoop(): Promise<void> {
    let delayMs = 2;
    while (this.#waiters.length > 0) {
      this.#nudge();
      await this.#clock.wait(delayMs);
      delayMs = Math.min(100, delayMs * 2);
    }
    this.#nudging = false;
  }
}
