import { type LedgerRow, ledgerDialect } from "../chaos/ledger-client.ts";

export interface Asked {
  readonly rows: readonly LedgerRow[];
  /** Where the last statement was answered from. */
  readonly cached: boolean;
}

/** On a connection of its own, in either protocol, at the database itself. */
export async function execute(url: string, ...statements: readonly string[]): Promise<void> {
  const client = await ledgerDialect(url).connect(url);
  try {
    for (const text of statements) await client.rows(text);
  } finally {
    await client.end();
  }
}

/** The same through an adapter; the last statement's rows. */
export async function ask(url: string, ...statements: readonly string[]): Promise<Asked> {
  const client = await ledgerDialect(url).connect(url);
  try {
    let rows: readonly LedgerRow[] = [];
    for (const text of statements) rows = await client.rows(text);
    return { rows, cached: (await client.destination()).startsWith("freshet") };
  } finally {
    await client.end();
  }
}
