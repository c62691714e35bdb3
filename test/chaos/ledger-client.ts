import pg from "pg";
import { connect, lastDestination } from "../support/database.ts";
import {
  type MysqlClient,
  mysqlConnect,
  mysqlExecuted,
  mysqlLastDestination,
  mysqlRows,
} from "../support/mysql-database.ts";

export type LedgerRow = readonly (string | null)[];

/** What the bank needs of a database's client; values are texts. */
export interface LedgerClient {
  /** With `values` by a prepared statement whose marks are the dialect's. */
  rows(text: string, values?: readonly number[]): Promise<readonly LedgerRow[]>;
  /** Where Freshet answered the last statement from. */
  destination(): Promise<string>;
  /** Two writers waited for each other, and this one was rolled back. */
  isDeadlock(error: unknown): boolean;
  /** The connection has ended, perhaps while nothing was asked. */
  readonly lost: boolean;
  end(): Promise<void>;
}

export interface LedgerDialect {
  connect(url: string): Promise<LedgerClient>;
  /** Stands for the one parameter of a statement. */
  readonly mark: string;
  readonly serialKey: string;
}

export function ledgerDialect(url: string): LedgerDialect {
  return url.startsWith("mysql:") ? mysqlLedger : postgresLedger;
}

const postgresLedger: LedgerDialect = {
  mark: "$1",
  serialKey: "bigserial PRIMARY KEY",
  connect: async (url) => new PostgresClient(await connect(url)),
};

const mysqlLedger: LedgerDialect = {
  mark: "?",
  serialKey: "bigint AUTO_INCREMENT PRIMARY KEY",
  connect: async (url) => new MysqlLedgerClient(await mysqlConnect(url)),
};

class PostgresClient implements LedgerClient {
  readonly #client: pg.Client;
  lost = false;

  constructor(client: pg.Client) {
    this.#client = client;
    for (const event of ["error", "end"] as const) client.on(event, () => (this.lost = true));
  }

  async rows(text: string, values: readonly number[] = []): Promise<readonly LedgerRow[]> {
    const types: pg.CustomTypesConfig = { getTypeParser: () => (value: unknown) => value };
    const config = { text, types, rowMode: "array" as const };
    const bound = values.length === 0 ? config : { ...config, values: [...values] };
    return (await this.#client.query<(string | null)[]>(bound)).rows;
  }

  destination(): Promise<string> {
    return lastDestination(this.#client);
  }

  isDeadlock(error: unknown): boolean {
    return error instanceof pg.DatabaseError && error.code === "40P01";
  }

  end(): Promise<void> {
    return this.#client.end();
  }
}

const ER_LOCK_DEADLOCK = 1213;

class MysqlLedgerClient implements LedgerClient {
  readonly #client: MysqlClient;
  lost = false;

  constructor(client: MysqlClient) {
    this.#client = client;
    for (const event of ["error", "end"]) client.on(event, () => (this.lost = true));
  }

  async rows(text: string, values?: readonly number[]): Promise<readonly LedgerRow[]> {
    if (values === undefined) return mysqlRows(this.#client, text);
    const rows = await mysqlExecuted(this.#client, text, values);
    return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
  }

  destination(): Promise<string> {
    return mysqlLastDestination(this.#client);
  }

  isDeadlock(error: unknown): boolean {
    return (error as { errno?: number }).errno === ER_LOCK_DEADLOCK;
  }

  end(): Promise<void> {
    return this.#client.end();
  }
}
