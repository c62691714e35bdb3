import type pg from "pg";
import { expect } from "vitest";
import { connect, outcome, type Row } from "./database.ts";

/** One client directly at the database and one at Freshet that do the same things in step. */
export class Lockstep {
  readonly direct: pg.Client;
  readonly proxied: pg.Client;

  private constructor(direct: pg.Client, proxied: pg.Client) {
    this.direct = direct;
    this.proxied = proxied;
  }

  static async connect(
    directUrl: string,
    proxiedUrl: string,
    options: pg.ClientConfig = {},
  ): Promise<Lockstep> {
    return new Lockstep(await connect(directUrl, options), await connect(proxiedUrl, options));
  }

  /** Runs the statement on both, first directly; fails unless both say the same. */
  async same(text: string, values?: readonly unknown[]): Promise<Row[] | string> {
    const expected = await outcome(this.direct, text, values);
    expect(await outcome(this.proxied, text, values), text).toEqual(expected);
    return expected;
  }

  async sameForAll(...statements: readonly string[]): Promise<void> {
    for (const text of statements) await this.same(text);
  }

  async end(): Promise<void> {
    await Promise.all([this.direct.end(), this.proxied.end()]);
  }
}
