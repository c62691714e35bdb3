import { setTimeout as delay } from "node:timers/promises";
import { type LedgerClient, type LedgerRow, ledgerDialect } from "../../chaos/ledger-client.ts";
import type { Tally } from "./tally.ts";

const RETRY_MS = 20;

/** A client that connects again after every error, as the clients of a cluster should. */
export class Session {
  readonly who: string;
  readonly #url: string;
  readonly #tally: Tally;
  #client: LedgerClient | null = null;
  /** In a transaction: its statements need the connection that it began on. */
  #busy = false;
  /** What was tried last. */
  #last = "";
  /** Grows with every connection: what one session saw binds no other. */
  connection = 0;

  constructor(who: string, url: string, tally: Tally) {
    this.who = who;
    this.#url = url;
    this.#tally = tally;
  }

  /** One statement; every call is watched. Connects when needed. */
  async rows(text: string, values?: readonly number[]): Promise<readonly LedgerRow[]> {
    const client = await this.#connected();
    this.#last = text;
    return this.#tally.watched(this.who, text, client.rows(text, values));
  }

  /** The statements in a transaction of their own, all on one connection. */
  async transaction(texts: readonly string[], committing: () => void): Promise<void> {
    await this.rows("BEGIN");
    this.#busy = true;
    try {
      for (const text of texts) await this.rows(text);
      committing();
      await this.rows("COMMIT");
    } finally {
      this.#busy = false;
    }
  }

  /** Whether the connection's last statement was; false when it is not to be learnt any more. */
  async cached(): Promise<boolean> {
    const client = this.#client;
    if (client === null || client.lost) return false;
    const destination = this.#tally.watched(this.who, "EXPLAIN LAST", client.destination());
    return (await destination).startsWith("freshet");
  }

  async #connected(): Promise<LedgerClient> {
    // What ended while nothing was asked is no failed statement; a pool would notice as well.
    if (this.#client?.lost === true && !this.#busy) this.leave();
    if (this.#client !== null) return this.#client;
    this.#last = "connecting";
    const connecting = ledgerDialect(this.#url).connect(this.#url);
    this.#client = await this.#tally.watched(this.who, "connecting", connecting);
    this.connection += 1;
    return this.#client;
  }

  /** Counts the error, and connects again before the next statement. */
  async failed(error: unknown): Promise<void> {
    this.#tally.failed(this.who, this.#last, error);
    this.leave();
    await delay(RETRY_MS);
  }

  /** Another connection from here on. */
  leave(): void {
    this.#busy = false;
    // A client whose connection is cut may never have ended in order.
    this.#client?.end().catch(() => undefined);
    this.#client = null;
  }
}
