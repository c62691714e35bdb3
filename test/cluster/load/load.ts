import type { DialectName } from "@freshet/config";
import { BankLoad } from "./bank-load.ts";
import { Tally } from "./tally.ts";
import { ToldLoad, type ToldResult } from "./told-load.ts";

export interface LoadTarget {
  readonly dialects: readonly DialectName[];
  upstreamUrl(dialect: DialectName): string;
  url(dialect: DialectName): string;
}

export interface LoadOptions {
  readonly seed: number;
  /** Of each dialect. */
  readonly readers: number;
  readonly writers: number;
  readonly pauseMs?: number;
}

/** The bank and the writers that remember, on every database of a deployment. */
export class Load {
  readonly tally = new Tally();
  readonly #banks: readonly BankLoad[];
  readonly #told: readonly ToldLoad[];

  constructor(target: LoadTarget, options: LoadOptions) {
    const common = target.dialects.map((dialect) => ({
      upstreamUrl: target.upstreamUrl(dialect),
      url: target.url(dialect),
      tally: this.tally,
      ...options,
    }));
    this.#banks = common.map((each) => new BankLoad(each));
    this.#told = common.map((each) => new ToldLoad(each));
  }

  get #parts(): readonly (BankLoad | ToldLoad)[] {
    return [...this.#banks, ...this.#told];
  }

  async create(): Promise<void> {
    for (const part of this.#parts) await part.create();
  }

  start(): void {
    for (const part of this.#parts) part.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.stop()));
  }

  /** At rest: every answer of these adapters; one list of URLs for each dialect, in order. */
  async compare(urls: readonly (readonly string[])[]): Promise<void> {
    for (const [index, bank] of this.#banks.entries()) await bank.compare(urls[index] ?? []);
  }

  async told(): Promise<ToldResult> {
    const results = await Promise.all(this.#told.map((each) => each.result()));
    const sum = (key: keyof ToldResult): number =>
      results.reduce((total, result) => total + result[key], 0);
    return { told: sum("told"), unknown: sum("unknown"), lost: sum("lost"), twice: sum("twice") };
  }
}
