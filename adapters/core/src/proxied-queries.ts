import type { ProxiedQueryCount } from "@freshet/rpc";
import type { ForwardedRead } from "./routes.ts";

/**
 * Forwarded reads since the last report. The server keeps the totals; past the limit new
 * queries wait for the next interval.
 */
export class ProxiedQueries {
  readonly #limit: number;
  #counts = new Map<string, { read: ForwardedRead; uncacheable: string | null; count: number }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#counts.size;
  }

  count(read: ForwardedRead, uncacheable: string | null): void {
    const known = this.#counts.get(read.queryId);
    if (known !== undefined) known.count += 1;
    else if (this.#counts.size < this.#limit) {
      this.#counts.set(read.queryId, { read, uncacheable, count: 1 });
    }
  }

  take(): ProxiedQueryCount[] {
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    return counts.map(({ read, uncacheable, count }) => ({ ...read, uncacheable, count }));
  }
}
