import { expect } from "vitest";
import { Random } from "../oracle/random.ts";
import { eventually } from "../support/eventually.ts";
import { type LedgerClient, type LedgerDialect, ledgerDialect } from "./ledger-client.ts";

const ACCOUNTS = 300;
const ENTRIES = 60_000;
const START_BALANCE = 1_000;
const TOTAL = ACCOUNTS * START_BALANCE;
const ROWS_AT_ONCE = 5_000;

/** Name, statement with `MARK` for its parameter, and the parameters it is compared with. */
const CACHES: readonly (readonly [string, string, readonly number[]])[] = [
  [
    "account_by_id",
    "SELECT id, owner, balance FROM account WHERE id = MARK",
    Array.from({ length: ACCOUNTS }, (_, n) => n + 1),
  ],
  [
    "entries_of",
    `SELECT a.owner, e.amount, e.note FROM account a JOIN entry e ON e.account_id = a.id
     WHERE a.id = MARK ORDER BY e.id`,
    Array.from({ length: 60 }, (_, n) => n * 5 + 1),
  ],
  [
    "summary_of",
    `SELECT a.region, count(*), sum(a.balance), min(a.balance), max(a.balance) FROM account a
     WHERE a.region = MARK GROUP BY a.region`,
    Array.from({ length: 10 }, (_, n) => n),
  ],
  [
    "richest_of",
    "SELECT id, balance FROM account WHERE region = MARK ORDER BY balance DESC, id LIMIT 5",
    Array.from({ length: 10 }, (_, n) => n),
  ],
];
const TOTAL_TEXT = "SELECT sum(balance) FROM account";
const MARK_TEXT = "SELECT n FROM mark WHERE id = 1";

/**
 * A bank whose money neither appears nor disappears, so that a reader can tell a state that never
 * was; with writers at the upstream and a comparison of every cached answer with the upstream's.
 */
export class Ledger {
  readonly #upstreamUrl: string;
  readonly #dialect: LedgerDialect;
  readonly #writers: LedgerClient[] = [];
  readonly #loops: Promise<void>[] = [];
  #writing = false;
  #mark = 0;
  written = 0;

  constructor(upstreamUrl: string) {
    this.#upstreamUrl = upstreamUrl;
    this.#dialect = ledgerDialect(upstreamUrl);
  }

  async create(): Promise<void> {
    const client = await this.#dialect.connect(this.#upstreamUrl);
    try {
      for (const text of this.#tables()) await client.rows(text);
      for (let from = 0; from < ENTRIES; from += ROWS_AT_ONCE) {
        const rows = range(ROWS_AT_ONCE).map((n) => entry(from + n));
        await client.rows(`INSERT INTO entry (account_id, amount, note) VALUES ${rows.join()}`);
      }
      await client.rows("CREATE INDEX entry_of_account ON entry (account_id)");
    } finally {
      await client.end();
    }
  }

  #tables(): readonly string[] {
    const accounts = range(ACCOUNTS).map(
      (n) => `(${n + 1}, 'owner ${n + 1}', ${n % 10}, ${START_BALANCE})`,
    );
    return [
      `CREATE TABLE account
         (id int PRIMARY KEY, owner varchar(60) NOT NULL, region int, balance bigint)`,
      `INSERT INTO account VALUES ${accounts.join()}`,
      `CREATE TABLE entry
         (id ${this.#dialect.serialKey}, account_id int, amount int, note varchar(200))`,
      "CREATE TABLE mark (id int PRIMARY KEY, n int)",
      "INSERT INTO mark VALUES (1, 0)",
    ];
  }

  /** Those that do not exist yet; some may have been made before the process was killed. */
  async createCaches(url: string): Promise<void> {
    const statements = [
      ...CACHES.map(([name, text]) => [name, this.#marked(text)] as const),
      ["total", TOTAL_TEXT] as const,
      ["mark", MARK_TEXT] as const,
    ];
    const client = await this.#dialect.connect(url);
    try {
      const existing = new Set((await client.rows("SHOW CACHES")).flat());
      for (const [name, text] of statements) {
        if (!existing.has(name)) await client.rows(`CREATE CACHE ${name} FROM ${text}`);
      }
    } finally {
      await client.end();
    }
  }

  #marked(text: string): string {
    return text.replace("MARK", this.#dialect.mark);
  }

  async startWriters(count: number, seed: number): Promise<void> {
    this.#writing = true;
    for (let number = 0; number < count; number += 1) {
      const client = await this.#dialect.connect(this.#upstreamUrl);
      this.#writers.push(client);
      this.#loops.push(this.#write(client, new Random(seed + number)));
    }
  }

  /** Nothing is written any more when it resolves. */
  async stopWriters(): Promise<void> {
    this.#writing = false;
    await Promise.all(this.#loops.splice(0));
    await Promise.all(this.#writers.splice(0).map((client) => client.end()));
  }

  async #write(client: LedgerClient, random: Random): Promise<void> {
    while (this.#writing) {
      await client.rows("BEGIN");
      try {
        for (let count = random.between(1, 4); count > 0; count -= 1) {
          await client.rows(step(random));
        }
        await client.rows(random.chance(0.1) ? "ROLLBACK" : "COMMIT");
        this.written += 1;
      } catch (error) {
        // Two writers that lock each other's accounts are part of the load.
        if (!client.isDeadlock(error)) throw error;
        await client.rows("ROLLBACK");
      }
    }
  }

  /** Reads the sum of all money often; fails when it was ever made or lost. */
  async checkTotal(url: string, times: number): Promise<void> {
    const client = await this.#dialect.connect(url);
    try {
      for (let count = 0; count < times; count += 1) await checkTotal(client);
    } finally {
      await client.end();
    }
  }

  /**
   * Waits until what was written before is visible, then compares every answer; returns how many
   * of them came from caches. The writers must have stopped.
   */
  async compare(url: string): Promise<number> {
    const direct = await this.#dialect.connect(this.#upstreamUrl);
    const proxied = await this.#dialect.connect(url);
    try {
      this.#mark += 1;
      await direct.rows(`UPDATE mark SET n = ${this.#mark} WHERE id = 1`);
      await eventually(async () => {
        expect(await proxied.rows(MARK_TEXT)).toEqual([[String(this.#mark)]]);
        expect(await proxied.destination()).toMatch(/^freshet/);
      }, 30_000);
      let hits = 0;
      for (const [name, text, keys] of CACHES) {
        for (const key of keys) {
          const expected = await direct.rows(this.#marked(text), [key]);
          const found = await proxied.rows(this.#marked(text), [key]);
          expect(found, `${name} ${key}`).toEqual(expected);
          if ((await proxied.destination()).startsWith("freshet")) hits += 1;
        }
      }
      await checkTotal(proxied);
      return hits;
    } finally {
      await Promise.all([direct.end(), proxied.end()]);
    }
  }

  static readonly comparisons = CACHES.reduce((sum, [, , keys]) => sum + keys.length, 0);
}

async function checkTotal(client: LedgerClient): Promise<void> {
  expect(await client.rows(TOTAL_TEXT)).toEqual([[String(TOTAL)]]);
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, n) => n);
}

function entry(n: number): string {
  return `(${1 + (n % ACCOUNTS)}, ${n}, '${"n".repeat(n % 90)}')`;
}

/** One statement of a transaction. */
function step(random: Random): string {
  const account = random.between(1, ACCOUNTS);
  switch (random.below(6)) {
    case 0:
    case 1:
    case 2: {
      const other = random.between(1, ACCOUNTS);
      const amount = random.between(1, 50);
      return `UPDATE account SET balance = balance + CASE id WHEN ${account} THEN -${amount} ELSE ${amount} END
        WHERE id IN (${account}, ${other}) AND ${account} <> ${other}`;
    }
    case 3:
      return `INSERT INTO entry (account_id, amount, note)
        VALUES (${account}, ${random.below(1000)}, '${"x".repeat(random.below(200))}')`;
    case 4:
      return `DELETE FROM entry WHERE id =
        (SELECT * FROM (SELECT min(id) FROM entry WHERE account_id = ${account}) oldest)`;
    default:
      return `UPDATE account SET region = ${random.below(10)} WHERE id = ${account}`;
  }
}
