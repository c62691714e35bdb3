import { OperationalError, messageOf } from "@freshet/util";
import type pg from "pg";
import { type ConnectionOptions, databaseError, endQuietly, openConnection } from "./connection.ts";

export type TextRow = Readonly<Record<string, string | null>>;

/** Longer than any lock is waited for; a partitioned network must not block us for ever. */
const QUERY_TIMEOUT_MS = 60_000;

/**
 * One upstream session used by one caller at a time, opened when first needed and again after it
 * was lost. A failing connection surfaces as OperationalError; the server's errors as they are.
 */
export class Session {
  readonly #options: ConnectionOptions;
  readonly #use: "admin" | "poll";
  #client: pg.Client | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: ConnectionOptions, use: "admin" | "poll") {
    this.#options = options;
    this.#use = use;
  }

  /** Runs `work` alone on the session. */
  run<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const result = this.#tail.then(() => this.#runNow(work));
    this.#tail = result.catch(() => undefined);
    return result;
  }

  rows(text: string, values: readonly unknown[] = []): Promise<readonly TextRow[]> {
    return this.run((client) => queryRows(client, text, values));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
    const client = this.#client;
    this.#client = null;
    if (client !== null) await endQuietly(client);
  }

  async #runNow<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    if (this.#closed) throw new OperationalError("the upstream connection is closed");
    const client = (this.#client ??= await this.#open());
    try {
      return await work(client);
    } catch (error) {
      const fields = databaseError(error);
      // Class 57P: the server ended the session. Anything without SQLSTATE: the socket did.
      if (fields !== null && !fields.code.startsWith("57P")) throw error;
      if (!(error instanceof Error) || error.name !== "Error") {
        if (fields === null) throw error;
      }
      if (this.#client === client) this.#client = null;
      await endQuietly(client);
      throw new OperationalError(`the upstream connection was lost: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async #open(): Promise<pg.Client> {
    const client = await openConnection(this.#options, this.#use, QUERY_TIMEOUT_MS);
    client.once("end", () => {
      if (this.#client === client) this.#client = null;
    });
    return client;
  }
}

export async function queryRows(
  client: pg.Client,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly TextRow[]> {
  const result = await client.query(text, [...values]);
  return result.rows as TextRow[];
}
