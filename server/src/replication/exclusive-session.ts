import { OperationalError, messageOf } from "@freshet/util";

export interface SessionDriver<Client> {
  open(): Promise<Client>;
  /** Never rejects. */
  end(client: Client): Promise<void>;
  /** Calls back once, when the connection is gone. */
  onEnd(client: Client, gone: () => void): void;
  /** Did the connection break (or the server end it), rather than refuse a statement? */
  isLost(error: unknown): boolean;
}

/**
 * One upstream session used by one caller at a time, opened when first needed and again after it
 * was lost. A failing connection surfaces as OperationalError; the server's errors as they are.
 */
export class ExclusiveSession<Client> {
  readonly #driver: SessionDriver<Client>;
  #client: Client | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(driver: SessionDriver<Client>) {
    this.#driver = driver;
  }

  /** Runs `work` alone on the session. */
  run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const result = this.#tail.then(() => this.#runNow(work));
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
    const client = this.#client;
    this.#client = null;
    if (client !== null) await this.#driver.end(client);
  }

  async #runNow<T>(work: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed) throw new OperationalError("the upstream connection is closed");
    const client = (this.#client ??= await this.#open());
    try {
      return await work(client);
    } catch (error) {
      if (!this.#driver.isLost(error)) throw error;
      if (this.#client === client) this.#client = null;
      await this.#driver.end(client);
      throw new OperationalError(`the upstream connection was lost: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async #open(): Promise<Client> {
    const client = await this.#driver.open();
    this.#driver.onEnd(client, () => {
      if (this.#client === client) this.#client = null;
    });
    return client;
  }
}
