import { setTimeout as delay } from "node:timers/promises";
import { ledgerDialect } from "../../chaos/ledger-client.ts";
import { Random } from "../../oracle/random.ts";
import { eventually } from "../../support/eventually.ts";
import {
  type Attempt,
  BANK_NAMES,
  BANK_QUERIES,
  BankModel,
  type BankQuery,
  GROUPS,
} from "./bank-model.ts";
import { Session } from "./session.ts";
import type { Tally } from "./tally.ts";

export interface BankLoadOptions {
  readonly upstreamUrl: string;
  /** Where clients connect. */
  readonly url: string;
  readonly seed: number;
  readonly readers: number;
  readonly tally: Tally;
  /** Between a reader's statements, and between transactions. */
  readonly pauseMs?: number;
}

/** A reader moves to another adapter after about so many reads. */
const READS_A_CONNECTION = 300;
const UPSTREAM_LIMIT_MS = 120_000;

/**
 * One writer and several readers of a bank whose every answer is computed beside it, all through
 * the proxy, connecting again after every error. The writer finds out at the upstream what became
 * of a commit that was not answered.
 */
export class BankLoad {
  readonly model = new BankModel();
  readonly #options: BankLoadOptions;
  readonly #mark: string;
  readonly #loops: Promise<void>[] = [];
  #running = false;

  constructor(options: BankLoadOptions) {
    this.#options = options;
    this.#mark = ledgerDialect(options.upstreamUrl).mark;
  }

  async create(): Promise<void> {
    const { upstreamUrl, url } = this.#options;
    const upstream = await ledgerDialect(upstreamUrl).connect(upstreamUrl);
    for (const text of this.model.tables()) await upstream.rows(text);
    await upstream.end();
    const client = await ledgerDialect(url).connect(url);
    for (const name of BANK_NAMES) {
      await client.rows(`CREATE CACHE ${name} FROM ${this.#prepared(name)}`);
    }
    await client.end();
  }

  #prepared(query: BankQuery): string {
    return BANK_QUERIES[query].replace("MARK", this.#mark);
  }

  start(): void {
    const { seed, readers } = this.#options;
    this.#running = true;
    this.#loops.push(this.#write(new Random(seed)));
    for (let number = 1; number <= readers; number += 1) {
      this.#loops.push(this.#read(number, new Random(seed + number)));
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops.splice(0));
  }

  /** Compares every answer of every adapter with the model, at rest. */
  async compare(urls: readonly string[]): Promise<void> {
    const { tally } = this.#options;
    for (const url of urls) {
      const session = new Session(`comparison at ${new URL(url).host}`, url, tally);
      for (const query of BANK_NAMES) {
        for (let group = 1; group <= GROUPS; group += 1) {
          await eventually(async () => {
            const rows = await session.rows(this.#prepared(query), [group]);
            const found = this.model.check(query, group, rows, this.model.newest);
            if (typeof found === "string") throw new Error(found);
          }, 20_000).catch((error: unknown) => tally.isWrong(session.who, String(error)));
        }
      }
      session.leave();
    }
  }

  async #read(number: number, random: Random): Promise<void> {
    const { url, tally, pauseMs = 3 } = this.#options;
    const protocol = new URL(url).protocol.slice(0, -1);
    const session = new Session(`${protocol} reader ${number}`, url, tally);
    let connection = 0;
    let floor = 0;
    while (this.#running) {
      try {
        if (random.chance(1 / READS_A_CONNECTION)) session.leave();
        const startedMs = performance.now();
        const query = random.pick(BANK_NAMES);
        const group = random.between(1, GROUPS);
        const rows = await this.#ask(session, query, group, random);
        const cached = await session.cached();
        if (session.connection !== connection) [connection, floor] = [session.connection, 0];
        const seen = this.#check(session.who, query, group, rows, floor, cached);
        if (seen === null || !cached) continue;
        // A forwarded read may be ahead of the caches; only cached ones promise not to go back.
        floor = Math.max(floor, seen);
        this.#age(seen, startedMs);
        await delay(pauseMs);
      } catch (error) {
        await session.failed(error);
      }
    }
    session.leave();
  }

  #ask(
    session: Session,
    query: BankQuery,
    group: number,
    random: Random,
  ): Promise<readonly (readonly (string | null)[])[]> {
    return random.chance(0.5)
      ? session.rows(this.#prepared(query), [group])
      : session.rows(BANK_QUERIES[query].replace("MARK", String(group)));
  }

  #check(
    who: string,
    query: BankQuery,
    group: number,
    rows: readonly (readonly (string | null)[])[],
    floor: number,
    cached: boolean,
  ): number | null {
    const { tally } = this.#options;
    if (cached) tally.hits += 1;
    const found = this.model.check(query, group, rows, floor);
    if (typeof found !== "string") return found;
    tally.isWrong(who, `${found} (${cached ? "cached" : "forwarded"})`);
    return null;
  }

  #age(version: number, startedMs: number): void {
    const newer = this.model.after(version);
    if (newer === undefined) return;
    const ageMs = startedMs - this.model.committedMs(newer);
    const { tally } = this.#options;
    tally.oldestMs = Math.max(tally.oldestMs, ageMs);
  }

  async #write(random: Random): Promise<void> {
    const { url, tally, pauseMs = 20 } = this.#options;
    const session = new Session(`${new URL(url).protocol.slice(0, -1)} writer`, url, tally);
    while (this.#running) {
      const attempt = this.model.begin(random);
      const committed = await this.#attempt(session, attempt);
      const wrong = this.model.settle(attempt, committed);
      if (wrong !== null) tally.isWrong(session.who, wrong);
      if (!committed) continue;
      tally.commits += 1;
      try {
        const query = random.pick(BANK_NAMES);
        const group = random.between(1, GROUPS);
        const { connection } = session;
        const rows = await this.#ask(session, query, group, random);
        const cached = await session.cached();
        const floor = session.connection === connection ? attempt.version : 0;
        this.#check(session.who, query, group, rows, floor, cached);
      } catch (error) {
        await session.failed(error);
      }
      await delay(pauseMs);
    }
    session.leave();
  }

  /** Whether it was committed. */
  async #attempt(session: Session, attempt: Attempt): Promise<boolean> {
    let committing = false;
    try {
      await session.transaction(attempt.statements, () => (committing = true));
      return true;
    } catch (error) {
      await session.failed(error);
      return committing && (await this.#becameOf(attempt));
    }
  }

  /** Asked at the upstream, once the transaction has let go of its rows. */
  #becameOf(attempt: Attempt): Promise<boolean> {
    const { upstreamUrl } = this.#options;
    return eventually(async () => {
      const client = await ledgerDialect(upstreamUrl).connect(upstreamUrl);
      try {
        await client.rows("BEGIN");
        const [row] = await client.rows("SELECT n FROM bank_version WHERE id = 1 FOR UPDATE");
        await client.rows("ROLLBACK");
        return Number(row?.[0]) === attempt.version;
      } finally {
        await client.end();
      }
    }, UPSTREAM_LIMIT_MS);
  }
}
