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
  /** By database and name. */
  readonly #awaySinceMs = new Map<string, Map<string, number>>();

  constructor(options: AbandonedReplicasOptions) {
    this.#options = options;
  }

  forget(): void {
    this.#awaySinceMs.clear();
  }

  /**
   * `upstream`: whose slots there are in the database. `known`: who is registered; a list without
   * this server itself is none yet, or an old one. Returns those whose time is up.
   */
  find(database: string, upstream: readonly string[], known: readonly string[]): readonly string[] {
    const { own, afterMs, clock } = this.#options;
    if (!known.includes(own)) {
      this.forget();
      return [];
    }
    const earlier = this.#awaySinceMs.get(database);
    const nowMs = clock.monotonicMs();
    const away = upstream.filter((name) => name !== own && !known.includes(name));
    const sinceMs = new Map(away.map((name) => [name, earlier?.get(name) ?? nowMs]));
    this.#awaySinceMs.set(database, sinceMs);
    if (afterMs === 0) return [];
    for (const name of away) if (earlier?.has(name) !== true) this.#warn(database, name);
    return away.filter((name) => nowMs - (sinceMs.get(name) ?? nowMs) >= afterMs);
  }

  #warn(database: string, server: string): void {
    const { afterMs, logger } = this.#options;
    logger.warn(
      { server, database, removedAfterSeconds: afterMs / 1000 },
      "a server is away and its slot retains the upstream's log",
    );
  }
}
