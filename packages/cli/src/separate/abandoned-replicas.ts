import type { Clock, Logger } from "@freshet/util";

export interface AbandonedReplicasOptions {
  readonly own: string;
  /** How long a replica must have been away; 0: never abandoned. */
  readonly afterMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Finds servers that are gone for good: their slots make the upstream retain its log, and keep
 * old rows of its catalogue. A new leader, and one that the authority was away from, counts anew.
 */
export class AbandonedReplicas {
  readonly #options: AbandonedReplicasOptions;
  readonly #awaySinceMs = new Map<string, number>();

  constructor(options: AbandonedReplicasOptions) {
    this.#options = options;
  }

  forget(): void {
    this.#awaySinceMs.clear();
  }

  /**
   * `upstream`: whose slots there are. `known`: who is registered. Returns those whose time is up.
   */
  find(upstream: readonly string[], known: readonly string[]): readonly string[] {
    const { own, afterMs, clock, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    const away = upstream.filter((name) => name !== own && !known.includes(name));
    for (const name of this.#awaySinceMs.keys()) {
      if (!away.includes(name)) this.#awaySinceMs.delete(name);
    }
    if (afterMs === 0) return [];
    return away.filter((name) => {
      const sinceMs = this.#awaySinceMs.get(name);
      if (sinceMs === undefined) {
        this.#awaySinceMs.set(name, nowMs);
        const removedAfterSeconds = afterMs / 1000;
        logger.warn(
          { server: name, removedAfterSeconds },
          "a server is away and its slot retains the upstream's log",
        );
        return false;
      }
      return nowMs - sinceMs >= afterMs;
    });
  }
}
