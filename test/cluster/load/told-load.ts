import { setTimeout as delay } from "node:timers/promises";
import { ledgerDialect } from "../../chaos/ledger-client.ts";
import { Random } from "../../oracle/random.ts";
import { Session } from "./session.ts";
import type { Tally } from "./tally.ts";

const CACHE = "SELECT count(*), max(seq) FROM told WHERE writer = MARK";

export interface ToldLoadOptions {
  readonly upstreamUrl: string;
  readonly url: string;
  readonly seed: number;
  readonly writers: number;
  readonly tally: Tally;
  readonly pauseMs?: number;
}

export interface ToldResult {
  readonly told: number;
  readonly unknown: number;
  /** The client was told that it had succeeded, and it is not there. */
  readonly lost: number;
  readonly twice: number;
}

/**
 * Writers through the proxy that remember what they were told of every row. A row has no key that
 * would keep it from being there twice. Each reads what it wrote, too.
 */
export class ToldLoad {
  readonly #options: ToldLoadOptions;
  readonly #told = new Set<string>();
  readonly #unknown = new Set<string>();
  readonly #loops: Promise<void>[] = [];
  #running = false;

  constructor(options: ToldLoadOptions) {
    this.#options = options;
  }

  async create(): Promise<void> {
    const { upstreamUrl, url } = this.#options;
    const dialect = ledgerDialect(upstreamUrl);
    const upstream = await dialect.connect(upstreamUrl);
    await upstream.rows(
      `CREATE TABLE told (id ${dialect.serialKey}, writer int NOT NULL, seq int NOT NULL)`,
    );
    await upstream.rows("CREATE INDEX told_by ON told (writer)");
    await upstream.end();
    const client = await dialect.connect(url);
    await client.rows(`CREATE CACHE told_by FROM ${CACHE.replace("MARK", dialect.mark)}`);
    await client.end();
  }

  start(): void {
    this.#running = true;
    for (let number = 1; number <= this.#options.writers; number += 1) {
      this.#loops.push(this.#write(number));
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops.splice(0));
  }

  async #write(writer: number): Promise<void> {
    const { url, seed, tally, pauseMs = 20 } = this.#options;
    const random = new Random(seed + 1_000 + writer);
    const protocol = new URL(url).protocol.slice(0, -1);
    const session = new Session(`${protocol} told writer ${writer}`, url, tally);
    let seq = 0;
    while (this.#running) {
      const rows = random.chance(0.5) ? 1 : random.between(2, 4);
      const numbers = Array.from({ length: rows }, (_, index) => seq + index + 1);
      seq += rows;
      try {
        await insert(session, writer, numbers);
        const { connection } = session;
        for (const number of numbers) this.#told.add(`${writer} ${number}`);
        await this.#readBack(session, connection, writer, seq);
      } catch (error) {
        for (const number of numbers) {
          const key = `${writer} ${number}`;
          if (!this.#told.has(key)) this.#unknown.add(key);
        }
        await session.failed(error);
      }
      await delay(pauseMs);
    }
    session.leave();
  }

  async #readBack(
    session: Session,
    connection: number,
    writer: number,
    seq: number,
  ): Promise<void> {
    const { upstreamUrl, tally } = this.#options;
    const { mark } = ledgerDialect(upstreamUrl);
    const [row] = await session.rows(CACHE.replace("MARK", mark), [writer]);
    const cached = await session.cached();
    // Another connection may reach an adapter that has not seen the row yet.
    if (session.connection !== connection) return;
    if (cached) tally.hits += 1;
    if (Number(row?.[1]) === seq) return;
    const where = cached ? "cached" : "forwarded";
    tally.isWrong(session.who, `wrote ${seq} and reads ${row?.[1]} (${where})`);
  }

  /** By the upstream's own account. The writers must have stopped. */
  async result(): Promise<ToldResult> {
    const { upstreamUrl } = this.#options;
    const client = await ledgerDialect(upstreamUrl).connect(upstreamUrl);
    const counts = new Map<string, number>();
    for (const row of await client.rows(
      "SELECT writer, seq, count(*) FROM told GROUP BY writer, seq",
    )) {
      counts.set(`${row[0]} ${row[1]}`, Number(row[2]));
    }
    await client.end();
    return {
      told: this.#told.size,
      unknown: this.#unknown.size,
      lost: [...this.#told].filter((key) => !counts.has(key)).length,
      twice: [...counts.values()].filter((count) => count > 1).length,
    };
  }
}

/** One row by itself, or several in a transaction. */
async function insert(session: Session, writer: number, numbers: readonly number[]): Promise<void> {
  const texts = numbers.map((seq) => `INSERT INTO told (writer, seq) VALUES (${writer}, ${seq})`);
  if (texts.length === 1) await session.rows(texts[0]!);
  else await session.transaction(texts, () => undefined);
}
