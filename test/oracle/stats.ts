/** What a run did, so that one that proves nothing is seen to prove nothing. */
export class Stats {
  scripts = 0;
  statements = 0;
  failedStatements = 0;
  checks = 0;
  hits = 0;
  created = 0;
  restarts = 0;
  historyReads = 0;
  historyCommits = 0;
  historyHits = 0;
  readonly refusals = new Map<string, number>();
  readonly forwards = new Map<string, number>();
  readonly ways = new Map<string, number>();

  count(counters: Map<string, number>, name: string): void {
    counters.set(name, (counters.get(name) ?? 0) + 1);
  }

  lines(): readonly string[] {
    const refused = [...this.refusals.values()].reduce((sum, count) => sum + count, 0);
    return [
      `${this.scripts} scripts, ${this.statements} upstream statements (${this.failedStatements} failed as scripted), ${this.restarts} restarts`,
      `${this.created} caches created, ${refused} refused`,
      `${this.checks} answers compared, ${this.hits} of them from caches`,
      `${this.historyReads} reads checked against a history of ${this.historyCommits} commits, ${this.historyHits} of them from caches`,
      ...table("refused", this.refusals),
      ...table("forwarded", this.forwards),
      ...table("hits", this.ways),
    ];
  }
}

function table(title: string, counters: ReadonlyMap<string, number>): readonly string[] {
  const rows = [...counters].sort((left, right) => right[1] - left[1]);
  return rows.map(([name, count]) => `  ${title} ${count}: ${name}`);
}
