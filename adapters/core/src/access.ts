import type { Clock } from "@freshet/util";
import { PendingRequests } from "./pending-requests.ts";
import type { CacheState } from "./cache-state.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Questions a caller's wait may take, when privileges keep changing meanwhile. */
const ATTEMPT_LIMIT = 3;
/** How long a statement waits to learn whether its role may read: the server asks the upstream. */
const ANSWER_LIMIT_MS = 2_000;
/** Roles remembered for a cache. */
const ROLE_LIMIT = 10_000;

/**
 * Which roles may read what a cache reads, as the server last said. A change of privileges
 * empties all of it, and an answer overtaken by one is asked for again.
 */
export class Access {
  readonly #connection: ServerConnection;
  readonly #clock: Clock;
  readonly #pending = new PendingRequests<boolean>(() => false);
  readonly #questions = new Map<CacheState, Map<string, Promise<boolean>>>();
  #generation = 0;

  constructor(connection: ServerConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  get generation(): number {
    return this.#generation;
  }

  mayRead(cache: CacheState, role: string): boolean | null {
    return cache.access.get(role) ?? null;
  }

  /** Null: not known in time. The question stays asked, and its answer is kept when it comes. */
  async ask(cache: CacheState, role: string): Promise<boolean | null> {
    const known = new AbortController();
    const limit = this.#clock.wait(ANSWER_LIMIT_MS, known.signal).then(() => null);
    try {
      return await Promise.race([this.#question(cache, role), limit]);
    } finally {
      known.abort();
    }
  }

  #question(cache: CacheState, role: string): Promise<boolean> {
    let questions = this.#questions.get(cache);
    if (questions === undefined) this.#questions.set(cache, (questions = new Map()));
    const asked = questions.get(role);
    if (asked !== undefined) return asked;
    const question = this.#ask(cache, role).finally(() => {
      questions.delete(role);
      if (questions.size === 0) this.#questions.delete(cache);
    });
    questions.set(role, question);
    return question;
  }

  answered(request: number, allowed: boolean): void {
    this.#pending.answer(request, allowed);
  }

  /** Some privilege changed. */
  changed(caches: Iterable<CacheState>): void {
    this.#generation += 1;
    for (const cache of caches) cache.access.clear();
  }

  lose(): void {
    this.#pending.lose();
  }

  async #ask(cache: CacheState, role: string): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPT_LIMIT; attempt += 1) {
      if (!this.#connection.connected || cache.dropped) return false;
      // An answer may have been found before a change that was announced before it: it counts only
      // if nothing changed from the question on.
      const generation = this.#generation;
      const request = this.#connection.nextRequest();
      const answer = this.#pending.wait(request);
      this.#connection.send({ kind: "access", request, cache: cache.definition.id, role });
      const allowed = await answer;
      // The link ended, or a later message of the same turn took the answer back.
      if (!this.#connection.connected || cache.dropped) return false;
      if (generation !== this.#generation) continue;
      if (cache.access.size >= ROLE_LIMIT) cache.access.clear();
      cache.access.set(role, allowed);
      return allowed;
    }
    return false;
  }
}
