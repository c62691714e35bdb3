import { setTimeout as delay } from "node:timers/promises";
import { type LedgerClient, ledgerDialect } from "../../chaos/ledger-client.ts";
import { BANK_QUERIES } from "./bank-model.ts";

const EVERY_MS = 50;
const LIMIT_MS = 2_000;

/** Asks one adapter all the time whether it answers from its caches; needs the bank's caches. */
export class Probe {
  readonly name: string;
  readonly #url: string;
  readonly #loop: Promise<void>;
  #stopped = false;
  /** When it last did not answer from a cache, or not at all; `performance.now()`. */
  lastAwayMs = performance.now();
  /** Why, in words. */
  lastReason = "not asked yet";
  cached = false;
  /** For the length of its life, how much of it was spent without caches. */
  awayMs = 0;

  constructor(name: string, url: string) {
    this.name = name;
    this.#url = url;
    this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    const dialect = ledgerDialect(this.#url);
    let client: LedgerClient | null = null;
    let asked = performance.now();
    while (!this.#stopped) {
      const startedMs = performance.now();
      try {
        client ??= await limited(dialect.connect(this.#url));
        const reason = await limited(ask(client));
        if (reason === null) this.cached = true;
        else this.#away(reason);
      } catch (error) {
        this.#away(String(error));
        client?.end().catch(() => undefined);
        client = null;
      }
      if (!this.cached) this.awayMs += performance.now() - asked;
      asked = performance.now();
      await delay(Math.max(0, EVERY_MS - (asked - startedMs)));
    }
    client?.end().catch(() => undefined);
  }

  #away(reason: string): void {
    this.cached = false;
    this.lastAwayMs = performance.now();
    this.lastReason = reason;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }
}

/** Null when the answer came from a cache. */
async function ask(client: LedgerClient): Promise<string | null> {
  await client.rows(BANK_QUERIES.bank.replace("MARK", "1"));
  const destination = await client.destination();
  return destination.startsWith("freshet") ? null : destination;
}

async function limited<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
