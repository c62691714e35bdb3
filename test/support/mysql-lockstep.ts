import type { ConnectionOptions } from "mysql2/promise";
import { expect } from "vitest";
import { type MysqlClient, type MysqlRow, mysqlConnect, mysqlOutcome } from "./mysql-database.ts";

/** One client directly at the database and one at Freshet that do the same things in step. */
export class MysqlLockstep {
  readonly direct: MysqlClient;
  readonly proxied: MysqlClient;

  private constructor(direct: MysqlClient, proxied: MysqlClient) {
    this.direct = direct;
    this.proxied = proxied;
  }

  static async connect(
    directUrl: string,
    proxiedUrl: string,
    options: ConnectionOptions = {},
  ): Promise<MysqlLockstep> {
    const direct = await mysqlConnect(directUrl, options);
    return new MysqlLockstep(direct, await mysqlConnect(proxiedUrl, options));
  }

  /** Runs the statement on both, first directly; fails unless both say the same. */
  async same(text: string): Promise<readonly MysqlRow[] | string> {
    const expected = await mysqlOutcome(this.direct, text);
    expect(await mysqlOutcome(this.proxied, text), text).toEqual(expected);
    return expected;
  }

  async sameForAll(...statements: readonly string[]): Promise<void> {
    for (const text of statements) await this.same(text);
  }

  async end(): Promise<void> {
    await Promise.all([this.direct.end(), this.proxied.end()]);
  }
}
