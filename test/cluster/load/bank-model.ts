import type { Random } from "../../oracle/random.ts";

const ACCOUNTS = 10;
export const GROUPS = 2;
const START = 100;

/** What is cached; `MARK` is the group. Those of `VERSIONED` begin with the version. */
export const BANK_QUERIES = {
  bank: `SELECT c.n, sum(a.amount), sum(a.amount + b.amount)
    FROM bank_version c JOIN checking a ON a.grp = c.id JOIN savings b ON b.id = a.id
    WHERE c.id = MARK GROUP BY c.n`,
  rows: `SELECT c.n, a.id, a.amount FROM checking a JOIN bank_version c ON a.grp = c.id
    WHERE a.grp = MARK`,
  savings: `SELECT c.n, sum(a.amount), count(*), max(a.amount)
    FROM bank_version c JOIN savings a ON a.grp = c.id WHERE c.id = MARK GROUP BY c.n`,
  top: "SELECT id, amount FROM checking WHERE grp = MARK ORDER BY amount DESC, id LIMIT 3",
} as const;
export type BankQuery = keyof typeof BANK_QUERIES;
export const BANK_NAMES = Object.keys(BANK_QUERIES) as BankQuery[];

interface Account {
  readonly id: number;
  readonly group: number;
  readonly checking: number;
  readonly savings: number;
}

/** A transaction that was begun: it may or may not come to be. */
export interface Attempt {
  readonly version: number;
  /** Between BEGIN and COMMIT. */
  readonly statements: readonly string[];
  readonly accounts: readonly Account[];
}

type Answers = ReadonlyMap<string, string>;

/**
 * All answers at every commit, computed here rather than asked for. Every transaction has a number
 * of its own, which it writes beside its changes, so an answer says which commit it claims to show.
 */
export class BankModel {
  readonly #answers = new Map<number, Answers>();
  /** Committed, in order. */
  readonly #versions: number[] = [0];
  readonly #committedMs = new Map<number, number>();
  readonly #aborted = new Set<number>();
  readonly #sighted = new Set<number>();
  #accounts: readonly Account[];
  #next = 1;

  constructor() {
    this.#accounts = range(ACCOUNTS).map((index) => ({
      ...{ id: index + 1, group: (index % GROUPS) + 1, checking: START, savings: START },
    }));
    this.#answers.set(0, answersOf(0, this.#accounts));
  }

  /** Makes tables that agree with the model at its start. */
  tables(): readonly string[] {
    const row = (value: "checking" | "savings") => (account: Account) =>
      `(${account.id}, ${account.group}, ${account[value]})`;
    return [
      "CREATE TABLE bank_version (id int PRIMARY KEY, n int NOT NULL)",
      `INSERT INTO bank_version VALUES ${range(GROUPS)
        .map((index) => `(${index + 1}, 0)`)
        .join()}`,
      ...(["checking", "savings"] as const).flatMap((name) => [
        `CREATE TABLE ${name} (id int PRIMARY KEY, grp int NOT NULL, amount int NOT NULL)`,
        `INSERT INTO ${name} VALUES ${this.#accounts.map(row(name)).join()}`,
      ]),
    ];
  }

  get newest(): number {
    return this.#versions.at(-1)!;
  }

  /** From when it is certain that the version was committed; 0 for the first. */
  committedMs(version: number): number {
    return this.#committedMs.get(version) ?? 0;
  }

  /** The oldest version after the one given; undefined when it is the newest. */
  after(version: number): number | undefined {
    return this.#versions[this.#indexOf(version) + 1];
  }

  begin(random: Random): Attempt {
    const version = this.#next;
    this.#next += 1;
    const id = random.between(1, ACCOUNTS);
    const amount = random.between(1, 30) * (random.chance(0.5) ? 1 : -1);
    // The first account of each group stays, so that no group is ever empty.
    const moved = id > GROUPS && random.chance(0.2) ? random.between(1, GROUPS) : null;
    const statements = [
      `UPDATE bank_version SET n = ${version}`,
      `UPDATE checking SET amount = amount - ${amount} WHERE id = ${id}`,
      `UPDATE savings SET amount = amount + ${amount} WHERE id = ${id}`,
    ];
    for (const table of moved === null ? [] : ["checking", "savings"]) {
      statements.push(`UPDATE ${table} SET grp = ${moved} WHERE id = ${id}`);
    }
    const accounts = this.#accounts.map((account) => {
      if (account.id !== id) return account;
      const { checking, savings, group } = account;
      return {
        ...{ id, checking: checking - amount, savings: savings + amount, group: moved ?? group },
      };
    });
    // Others may see the commit before its own client hears of it.
    this.#answers.set(version, answersOf(version, accounts));
    return { version, statements, accounts };
  }

  /** One attempt after the other. Returns what is wrong. */
  settle(attempt: Attempt, committed: boolean): string | null {
    const { version, accounts } = attempt;
    if (committed) {
      this.#accounts = accounts;
      this.#versions.push(version);
      this.#committedMs.set(version, performance.now());
      return null;
    }
    this.#aborted.add(version);
    this.#answers.delete(version);
    return this.#sighted.has(version) ? `version ${version} was seen, but rolled back` : null;
  }

  /**
   * The version that an answer shows, or in words what is wrong with it. One that shows no version
   * is right when it was at any commit from `floor` on; then null.
   */
  check(
    query: BankQuery,
    group: number,
    rows: readonly (readonly (string | null)[])[],
    floor: number,
  ): number | string | null {
    const key = `${query} ${group}`;
    const answer = answerText(query, rows);
    if (query === "top") {
      const from = this.#indexOf(floor);
      const candidates = [...this.#versions.slice(from), this.#next - 1];
      if (candidates.some((version) => this.#answers.get(version)?.get(key) === answer))
        return null;
      return `${key} is ${answer}, true at no commit from ${floor} on`;
    }
    const version = Number(rows[0]?.[0] ?? Number.NaN);
    const expected = this.#answers.get(version)?.get(key);
    this.#sighted.add(version);
    if (expected === undefined) {
      const why = this.#aborted.has(version) ? "was rolled back" : "never was";
      return `${key} is ${answer}: version ${version} ${why}`;
    }
    if (expected !== answer) return `${key} is ${answer}, not ${expected}`;
    if (version < floor)
      return `${key} is of version ${version} after ${floor} was seen or written`;
    return version;
  }

  #indexOf(version: number): number {
    let [low, high] = [0, this.#versions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#versions[middle]! < version) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function answersOf(version: number, accounts: readonly Account[]): Answers {
  const answers = new Map<string, string>();
  for (let group = 1; group <= GROUPS; group += 1) {
    const own = accounts.filter((account) => account.group === group);
    const checking = sum(own.map((account) => account.checking));
    const savings = own.map((account) => account.savings);
    const rows: Record<BankQuery, readonly (readonly unknown[])[]> = {
      bank: [[version, checking, checking + sum(savings)]],
      rows: own.map((account) => [version, account.id, account.checking]),
      savings: [[version, sum(savings), own.length, Math.max(...savings)]],
      top: own
        .toSorted((one, two) => two.checking - one.checking || one.id - two.id)
        .slice(0, 3)
        .map((account) => [account.id, account.checking]),
    };
    for (const query of BANK_NAMES) {
      const texts = rows[query].map((row) => row.map(String));
      answers.set(`${query} ${group}`, answerText(query, texts));
    }
  }
  return answers;
}

function answerText(query: BankQuery, rows: readonly (readonly (string | null)[])[]): string {
  const texts = rows.map((row) => row.join(","));
  return (query === "top" ? texts : texts.toSorted()).join(" ");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}
