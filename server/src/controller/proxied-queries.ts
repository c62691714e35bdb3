import type { ProxiedQueryCount } from "@freshet/rpc";

export interface ProxiedQuery {
  readonly queryId: string;
  readonly scope: string;
  /** A statement of this shape as a client sent it, byte string. */
  readonly example: string;
  count: number;
  /** `yes`, `no: reason`, or `pending` until somebody asks. */
  support: string;
}

/** The reads that went upstream, by query id; the least recently counted is forgotten first. */
export class ProxiedQueries {
  readonly #queries = new Map<string, ProxiedQuery>();
  readonly #limit: number;

  constructor(limit = 100_000) {
    this.#limit = limit;
  }

  count(report: readonly ProxiedQueryCount[]): void {
    for (const item of report) {
      const known = this.#queries.get(item.queryId);
      if (known !== undefined) {
        this.#queries.delete(item.queryId);
        known.count += item.count;
        this.#queries.set(item.queryId, known);
        continue;
      }
      this.#queries.set(item.queryId, {
        queryId: item.queryId,
        scope: item.scope,
        example: item.example,
        count: item.count,
        support: item.uncacheable === null ? "pending" : `no: ${item.uncacheable}`,
      });
      if (this.#queries.size > this.#limit) {
        this.#queries.delete(this.#queries.keys().next().value!);
      }
    }
  }

  get(queryId: string): ProxiedQuery | null {
    return this.#queries.get(queryId) ?? null;
  }

  remove(queryId: string): void {
    this.#queries.delete(queryId);
  }

  clear(): void {
    this.#queries.clear();
  }

  /** Supported first, then unknown, then unsupported; within each the most frequent first. */
  list(): readonly ProxiedQuery[] {
    const rank = (query: ProxiedQuery) =>
      query.support === "yes" ? 0 : query.support === "pending" ? 1 : 2;
    return [...this.#queries.values()].sort(
      (left, right) => rank(left) - rank(right) || right.count - left.count,
    );
  }

  /** A schema changed: what was judged before may be judged otherwise. */
  forgetSupport(): void {
    for (const query of this.#queries.values()) query.support = "pending";
  }
}
