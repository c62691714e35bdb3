import pg from "pg";
import { expect } from "vitest";
import { Random } from "../oracle/random.ts";
import { connect, lastDestination, query, rowsOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";

const ACCOUNTS = 300;
const START_BALANCE = 1_000;
const TOTAL = ACCOUNTS * START_BALANCE;

/** Name, statement, and the parameters it is compared with. */
const CACHES: readonly (readonly [string, string, readonly (readonly unknown[])[]])[] = [
  [
    "account_by_id",
    "SELECT id, owner, balance FROM account WHERE id = $1",
    Array.from({ length: ACCOUNTS }, (_, n) => [n + 1]),
  ],
  [
    "entries_of",
    `SELECT a.owner, e.amount, e.note FROM account a JOIN entry e ON e.account_id = a.id
     WHERE a.id = $1 ORDER BY e.id`,
    Array.from({ length: 60 }, (_, n) => [n * 5 + 1]),
  ],
  [
    "summary_of",
    `SELECT a.region, count(*), sum(a.balance), min(a.balance), max(a.balance) FROM account a
     WHERE a.region = $1 GROUP BY a.region`,
    Array.from({ length: 10 }, (_, n) => [n]),
  ],
  [
    "richest_of",
    "SELECT id, balance FROM account WHERE region = $1 ORDER BY balance DESC, id LIMIT 5",
    Array.from({ length: 10 }, (_, n) => [n]),
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
  readonly #writers: pg.Client[] = [];
  readonly #loops: Promise<void>[] = [];
  #writing = false;
  #mark = 0;
  written = 0;

  constructor(upstreamUrl: string) {
    this.#upstreamUrl = upstreamUrl;
  }

  async create(): Promise<void> {
    await query(
      this.#upstreamUrl,
      "CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, region int, balance bigint)",
      `INSERT INTO account SELECT n, 'owner ' || n, n % 10, ${START_BALANCE}
         FROM generate_series(1, ${ACCOUNTS}) n`,
      "CREATE TABLE entry (id bigserial PRIMARY KEY, account_id int, amount int, note text)",
      `INSERT INTO entry (account_id, amount, note) SELECT 1 + n % ${ACCOUNTS}, n, repeat('n', n % 90)
         FROM generate_series(1, 60000) n`,
      "CREATE INDEX ON entry (account_id)",
      "CREATE TABLE mark (id int PRIMARY KEY, n int)",
      "INSERT INTO mark VALUES (1, 0)",
      "ANALYZE",
    );
  }

  /** Those that do not exist yet; some may have been made before the process was killed. */
  async createCaches(url: string): Promise<void> {
    const statements = [
      ...CACHES.map(([name, text]) => [name, text] as const),
      ["total", TOTAL_TEXT] as const,
      ["mark", MARK_TEXT] as const,
    ];
    const client = await connect(url);
    try {
      const shown = await rowsOf(client, "SHOW CACHES");
      const existing = new Set(shown.map((row) => String(row["name"])));
      for (const [name, text] of statements) {
        if (!existing.has(name)) await client.query(`CREATE CACHE ${name} FROM ${text}`);
      }
    } finally {
      await client.end();
    }
  }

  async startWriters(count: number, seed: number): Promise<void> {
    this.#writing = true;
    for (let number = 0; number < count; number += 1) {
      const client = await connect(this.#upstreamUrl);
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

  async #write(client: pg.Client, random: Random): Promise<void> {
    while (this.#writing) {
      await client.query("BEGIN");
      try {
        for (let count = random.between(1, 4); count > 0; count -= 1) await step(client, random);
        await client.query(random.chance(0.1) ? "ROLLBACK" : "COMMIT");
        this.written += 1;
      } catch (error) {
        // Two writers that lock each other's accounts are part of the load.
        if (!(error instanceof pg.DatabaseError && error.code === "40P01")) throw error;
        await client.query("ROLLBACK");
      }
    }
  }

  /** Fails when the client sees money made or lost. */
  static async checkTotal(client: pg.Client): Promise<void> {
    const rows = await rowsOf(client, TOTAL_TEXT);
    expect(rows).toEqual([{ sum: String(TOTAL) }]);
  }

  /**
   * Waits until what was written before is visible, then compares every answer; returns how many
   * of them came from caches. The writers must have stopped.
   */
  async compare(url: string): Promise<number> {
    const [direct, proxied] = [await connect(this.#upstreamUrl), await connect(url)];
    try {
      this.#mark += 1;
      await direct.query("UPDATE mark SET n = $1 WHERE id = 1", [this.#mark]);
      await eventually(async () => {
        expect(await rowsOf(proxied, MARK_TEXT)).toEqual([{ n: String(this.#mark) }]);
        expect(await lastDestination(proxied)).toMatch(/^freshet/);
      }, 30_000);
      let hits = 0;
      for (const [name, text, keys] of CACHES) {
        for (const key of keys) {
          const expected = await rowsOf(direct, text, key);
          expect(await rowsOf(proxied, text, key), `${name} ${String(key)}`).toEqual(expected);
          if ((await lastDestination(proxied)).startsWith("freshet")) hits += 1;
        }
      }
      await Ledger.checkTotal(proxied);
      return hits;
    } finally {
      await Promise.all([direct.end(), proxied.end()]);
    }
  }

  static readonly comparisons = CACHES.reduce((sum, [, , keys]) => sum + keys.length, 0);
}

async function step(client: pg.Client, random: Random): Promise<void> {
  const account = random.between(1, ACCOUNTS);
  switch (random.below(6)) {
    case 0:
    case 1:
    case 2: {
      const other = random.between(1, ACCOUNTS);
      const amount = random.between(1, 50);
      await client.query(
        `UPDATE account SET balance = balance + CASE id WHEN $1 THEN -$3::int ELSE $3 END
         WHERE id IN ($1, $2) AND $1::int <> $2::int`,
        [account, other, amount],
      );
      return;
    }
    case 3:
      await client.query("INSERT INTO entry (account_id, amount, note) VALUES ($1, $2, $3)", [
        account,
        random.below(1000),
        "x".repeat(random.below(200)),
      ]);
      return;
    case 4:
      await client.query(
        "DELETE FROM entry WHERE id = (SELECT min(id) FROM entry WHERE account_id = $1)",
        [account],
      );
      return;
    default:
      await client.query("UPDATE account SET region = $2 WHERE id = $1", [
        account,
        random.below(10),
      ]);
  }
}
