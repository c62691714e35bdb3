/** One answer, by the cache and key it is of. */
export interface Observation {
  readonly key: string;
  readonly answer: string;
}

/** The answers of one batch, which a session saw together. */
export interface Sighting {
  readonly session: string;
  readonly answers: readonly Observation[];
  /** All came from caches: then they must be of one commit. */
  readonly cached: boolean;
}

type Event =
  | { readonly kind: "sighting"; readonly sighting: Sighting }
  /** From here on the session must see at least this commit: it was its own. */
  | { readonly kind: "floor"; readonly session: string; readonly commit: number };

/**
 * All answers at every commit, and what sessions saw. A session's sightings must be explained by
 * commits that never go back, and not before its own last write.
 */
export class History {
  readonly #commits: ReadonlyMap<string, string>[] = [];
  readonly #events: Event[] = [];

  get commits(): number {
    return this.#commits.length;
  }

  get newest(): number {
    return this.#commits.length - 1;
  }

  add(answers: ReadonlyMap<string, string>): void {
    this.#commits.push(answers);
  }

  observe(sighting: Sighting): void {
    this.#events.push({ kind: "sighting", sighting });
  }

  raise(session: string, commit: number): void {
    this.#events.push({ kind: "floor", session, commit });
  }

  /** What cannot be explained, or null. Asked at the end, when every commit is recorded. */
  check(): string | null {
    const floors = new Map<string, number>();
    for (const event of this.#events) {
      if (event.kind === "floor") {
        floors.set(event.session, Math.max(floors.get(event.session) ?? 0, event.commit));
        continue;
      }
      const { session, answers, cached } = event.sighting;
      let floor = floors.get(session) ?? 0;
      // Statements that the upstream ran in one batch have a snapshot each.
      for (const group of cached ? [answers] : answers.map((answer) => [answer])) {
        const commit = this.#explain(group, floor);
        if (commit === null)
          return `${this.#complaint(group, session, floor)} (${cached ? "cached" : "forwarded"})`;
        floor = commit;
      }
      // A forwarded read may be ahead of the caches; only cached ones promise not to go back.
      if (cached) floors.set(session, floor);
    }
    return null;
  }

  /** The first commit from `floor` on at which all of these answers hold. */
  #explain(group: readonly Observation[], floor: number): number | null {
    for (let commit = floor; commit < this.#commits.length; commit += 1) {
      const answers = this.#commits[commit]!;
      if (group.every(({ key, answer }) => answers.get(key) === answer)) return commit;
    }
    return null;
  }

  #complaint(group: readonly Observation[], session: string, floor: number): string {
    const parts = group.map(({ key, answer }) => {
      const at = this.#commits.findLastIndex((answers) => answers.get(key) === answer);
      return `${key} is ${answer} (${at < 0 ? "true at no commit" : `last true at commit ${at}`})`;
    });
    return `session "${session}" had seen or written commit ${floor}, then ${parts.join("; ")}`;
  }
}
