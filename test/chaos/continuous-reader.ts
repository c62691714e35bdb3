import { type LedgerClient, ledgerDialect } from "./ledger-client.ts";

/** Reads one number without pause until stopped; every answer is kept, and every error's code. */
export class ContinuousReader {
  readonly values: number[] = [];
  /** The SQLSTATE or error number of a database's error, else its message. */
  readonly errors: string[] = [];
  #stopped = false;
  readonly #loop: Promise<void>;

  constructor(url: string, text: string) {
    this.#loop = this.#run(url, text);
  }

  async #run(url: string, text: string): Promise<void> {
    const dialect = ledgerDialect(url);
    let client: LedgerClient | null = null;
    while (!this.#stopped) {
      try {
        client ??= await dialect.connect(url);
        const [row] = await client.rows(text);
        this.values.push(Number(row?.[0]));
      } catch (error) {
        this.errors.push(codeOf(error));
        await client?.end().catch(() => undefined);
        client = null;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await client?.end().catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }
}

/** SQLSTATE or error number of a database's error, else its message. */
export function codeOf(error: unknown): string {
  const { code, errno } = error as { code?: string; errno?: number };
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) return code;
  return errno === undefined || errno < 0 ? String(error) : String(errno);
}
