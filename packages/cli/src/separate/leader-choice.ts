import type { Authority, Leader } from "@freshet/cluster";
import { type Clock, systemClock } from "@freshet/util";

/** A region whose leader is gone has another one soon: so long no other region is used. */
const GRACE_MS = 15_000;

/**
 * Whose server this adapter uses: its own region's leader, else that of the first fallback region
 * that has one. Regions are in order of preference. Another region is used only when the better one
 * has been without a leader for some time, since every change of servers costs all answers held.
 */
export class LeaderChoice {
  readonly #regions: readonly string[];
  readonly #leaders = new Map<string, Leader | null>();
  readonly #handlers: ((leader: Leader | null) => void)[] = [];
  readonly #leaderlessSinceMs = new Map<string, number>();
  readonly #clock: Clock;
  #leader: Leader | null = null;

  constructor(regions: readonly string[], clock: Clock = systemClock) {
    this.#regions = [...new Set(regions)];
    this.#clock = clock;
  }

  get leader(): Leader | null {
    return this.#leader;
  }

  onChange(handler: (leader: Leader | null) => void): void {
    this.#handlers.push(handler);
  }

  /** Follows every region until the signal. */
  watch(authority: Authority, signal: AbortSignal): void {
    for (const region of this.#regions) {
      authority.watchLeader(region, (leader) => this.learn(region, leader), signal);
    }
  }

  learn(region: string, leader: Leader | null): void {
    const had = this.#leaders.get(region) ?? null;
    this.#leaders.set(region, leader);
    if (leader === null && had !== null) {
      this.#leaderlessSinceMs.set(region, this.#clock.monotonicMs());
      void this.#clock.wait(GRACE_MS).then(() => this.#choose());
    } else if (leader !== null) this.#leaderlessSinceMs.delete(region);
    this.#choose();
  }

  #choose(): void {
    const chosen = this.#best();
    if (same(chosen, this.#leader)) return;
    this.#leader = chosen;
    for (const handler of this.#handlers) handler(chosen);
  }

  #best(): Leader | null {
    for (const region of this.#regions) {
      const leader = this.#leaders.get(region) ?? null;
      if (leader !== null) return leader;
      const sinceMs = this.#leaderlessSinceMs.get(region) ?? Number.NEGATIVE_INFINITY;
      if (this.#clock.monotonicMs() - sinceMs < GRACE_MS) return null;
    }
    return null;
  }
}

function same(left: Leader | null, right: Leader | null): boolean {
  return (
    left?.name === right?.name &&
    left?.term === right?.term &&
    JSON.stringify(left?.addresses) === JSON.stringify(right?.addresses)
  );
}
