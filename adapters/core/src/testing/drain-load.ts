/** A client of some driver. */
export interface LoadClient {
  /** Rejects with the server's error, or the driver's when the connection is lost. */
  run(text: string): Promise<void>;
  /** The server has said its end, or closed, while nothing was asked of it. */
  readonly ended: boolean;
  /** Was this error the server's word that it did not carry the statement out and ends? */
  isGoodbye(error: unknown): boolean;
  close(): void;
}

export interface LoadOutcome {
  /** Units whose end was confirmed: how often each wrote its number. */
  readonly done: Map<number, number>;
  /** Units that the server refused with their first statement. */
  readonly refused: number[];
  /** Clients that were told while they were idle. */
  toldIdle: number;
  /** Whatever else a client met: none is expected. */
  readonly failures: string[];
}

/**
 * Clients that work until the server ends: single statements and transactions, each of which
 * writes its number into `drained (n)`; a transaction writes it twice.
 */
export class DrainLoad {
  readonly outcome: LoadOutcome = { done: new Map(), refused: [], toldIdle: 0, failures: [] };
  readonly #clients: Promise<void>[];
  #next = 0;

  constructor(clients: readonly LoadClient[]) {
    this.#clients = clients.map((client, index) => this.#work(client, index));
  }

  /** Resolves when every client has been told. */
  async ended(): Promise<LoadOutcome> {
    await Promise.all(this.#clients);
    return this.outcome;
  }

  async #work(client: LoadClient, index: number): Promise<void> {
    const { outcome } = this;
    for (;;) {
      if (client.ended) {
        outcome.toldIdle += 1;
        break;
      }
      const number = (this.#next += 1);
      const texts = unit(number, (number + index) % 2 === 0);
      const refusal = await this.#run(client, number, texts);
      if (refusal === null) outcome.done.set(number, texts.length > 1 ? 2 : 1);
      else break;
    }
    client.close();
  }

  /** Null: all of it was done. */
  async #run(client: LoadClient, number: number, texts: readonly string[]): Promise<unknown> {
    for (const [at, text] of texts.entries()) {
      try {
        await client.run(text);
      } catch (error) {
        if (at === 0 && (client.isGoodbye(error) || client.ended))
          this.outcome.refused.push(number);
        else this.outcome.failures.push(`${text}: ${String(error)}`);
        return error;
      }
    }
    return null;
  }
}

function unit(number: number, transaction: boolean): readonly string[] {
  const insert = `INSERT INTO drained VALUES (${number})`;
  return transaction ? ["BEGIN", insert, "SELECT 1", insert, "COMMIT"] : [insert];
}

/** Where the table, by how often each number is in it, and what clients were told disagree. */
export function contradictions(
  { done, refused }: LoadOutcome,
  counts: ReadonlyMap<number, number>,
): string[] {
  const found: string[] = [];
  for (const [number, times] of done) {
    const count = counts.get(number) ?? 0;
    if (count !== times) found.push(`${number} was done, and is there ${count} times`);
  }
  for (const number of refused) {
    if (counts.has(number)) found.push(`${number} was refused, and is there`);
  }
  for (const number of counts.keys()) {
    if (!done.has(number) && !refused.includes(number))
      found.push(`${number} is there, and nobody was told so`);
  }
  return found;
}
