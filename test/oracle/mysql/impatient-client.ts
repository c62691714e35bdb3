import { setTimeout as delay } from "node:timers/promises";
import type {
  OracleClient,
  SessionSettings,
  WireColumn,
  WireResult,
  WireStatement,
} from "../dialect.ts";
import { RawClient } from "./raw-client.ts";

const PATIENCE_MS = 60;

/**
 * A client that does not wait for locks: its statement is ended when it does. The server's own
 * limits count in seconds.
 */
export class ImpatientClient implements OracleClient {
  readonly #client: RawClient;
  readonly #watcher: RawClient;
  readonly #thread: string;

  private constructor(client: RawClient, watcher: RawClient, thread: string) {
    this.#client = client;
    this.#watcher = watcher;
    this.#thread = thread;
  }

  static async connect(url: string, settings: SessionSettings): Promise<ImpatientClient> {
    const client = await RawClient.connect(url, settings);
    const watcher = await RawClient.connect(url);
    const { rows } = await client.run("SELECT connection_id()");
    return new ImpatientClient(client, watcher, rows[0]![0]!);
  }

  simple(text: string, copy: string | null = null): Promise<WireResult[]> {
    return this.#watched(this.#client.simple(text, copy));
  }

  run(text: string, copy: string | null = null): Promise<WireResult> {
    return this.#watched(this.#client.run(text, copy));
  }

  execute(statement: WireStatement): Promise<WireResult> {
    return this.#watched(this.#client.execute(statement));
  }

  batch(statements: readonly WireStatement[]): Promise<WireResult[]> {
    return this.#watched(this.#client.batch(statements));
  }

  describe(text: string): Promise<readonly WireColumn[] | null> {
    return this.#client.describe(text);
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#watcher.close();
  }

  async #watched<T>(work: Promise<T>): Promise<T> {
    const state = { done: false };
    const ended = work.finally(() => {
      state.done = true;
    });
    for (;;) {
      const timer = new AbortController();
      const patience = delay(PATIENCE_MS, undefined, { signal: timer.signal }).catch(
        () => undefined,
      );
      await Promise.race([ended.catch(() => undefined), patience]);
      timer.abort();
      if (state.done) return ended;
      if (await this.#waitsForLock()) await this.#watcher.simple(`KILL QUERY ${this.#thread}`);
    }
  }

  /** For a row, or for a table's definition. */
  async #waitsForLock(): Promise<boolean> {
    const { rows } = await this.#watcher.run(
      `SELECT 1 FROM performance_schema.data_lock_waits AS w JOIN performance_schema.threads AS t
         ON t.thread_id = w.requesting_thread_id WHERE t.processlist_id = ${this.#thread}
       UNION ALL SELECT 1 FROM performance_schema.processlist
         WHERE id = ${this.#thread} AND state LIKE 'Waiting for%'`,
    );
    return rows.length > 0;
  }
}
