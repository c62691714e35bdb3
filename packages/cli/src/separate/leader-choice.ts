import type { Authority, Leader } from "@freshet/cluster";

/**
 * Whose server this adapter uses: its own region's leader, else that of the first fallback region
 * that has one. Regions are in order of preference.
 */
export class LeaderChoice {
  readonly #regions: readonly string[];
  readonly #leaders = new Map<string, Leader | null>();
  readonly #handlers: ((leader: Leader | null) => void)[] = [];
  #leader: Leader | null = null;

  constructor(regions: readonly string[]) {
    this.#regions = [...new Set(regions)];
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
    this.#leaders.set(region, leader);
    const known = this.#regions.map((each) => this.#leaders.get(each) ?? null);
    const chosen = known.find((each) => each !== null) ?? null;
    if (same(chosen, this.#leader)) return;
    this.#leader = chosen;
    for (const handler of this.#handlers) handler(chosen);
  }
}

function same(left: Leader | null, right: Leader | null): boolean {
  return (
    left?.name === right?.name &&
    left?.term === right?.term &&
    JSON.stringify(left?.addresses) === JSON.stringify(right?.addresses)
  );
}
