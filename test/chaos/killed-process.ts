import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../oracle/random.ts";
import type { FreshetProcess } from "../support/freshet-process.ts";
import { Ledger } from "./ledger.ts";

export interface KilledProcess {
  readonly freshet: FreshetProcess;
  readonly ledger: Ledger;
}

export interface KillingPlan {
  readonly rounds: number;
  readonly seed: number;
  /** The tables as the log names them. */
  readonly tables: readonly string[];
  /** What runs; only once the tests do. */
  readonly running: () => KilledProcess;
}

/**
 * The tests of a process that is killed at random moments while writers write, the same for both
 * dialects. The seed repeats their choices, not the machine's timing.
 */
export function itSurvivesKilling({ rounds, seed, tables, running }: KillingPlan): void {
  const random = new Random(seed);

  async function restart(freshet: FreshetProcess): Promise<void> {
    freshet.restart();
    await freshet.answering();
    await freshet.following();
  }

  /** Tables whose copy went into service, in order, one for each time. */
  function copied(): string[] {
    return running()
      .freshet.logged("table copied")
      .map((line) => String(line["table"]));
  }

  it("is right after being killed during first copies", { timeout: 120_000 }, async () => {
    const { freshet, ledger } = running();
    await ledger.startWriters(3, seed);
    for (let round = 0; round < Math.ceil(rounds / 3); round += 1) {
      const creating = ledger.createCaches(freshet.url()).catch(() => undefined);
      await delay(random.between(20, 500));
      await freshet.kill();
      await creating;
      await restart(freshet);
    }
    await ledger.createCaches(freshet.url()).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${freshet.said}`);
    });
    await ledger.stopWriters();
    expect(await ledger.compare(freshet.url())).toBe(Ledger.comparisons);
  });

  it(
    "is right after being killed while it follows, and copies nothing twice",
    async () => {
      const { freshet, ledger } = running();
      const before = copied();
      expect(new Set(before)).toEqual(new Set(tables));
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        await ledger.startWriters(3, seed + round * 10);
        // At any moment, also just before and after a checkpoint and its acknowledgement.
        await delay(random.between(50, 2_000));
        await freshet.kill();
        const startedMs = performance.now();
        await restart(freshet);
        times.push(performance.now() - startedMs);
        await ledger.checkTotal(freshet.url(), 50);
        await ledger.stopWriters();
        const hits = await ledger.compare(freshet.url());
        expect(hits).toBe(Ledger.comparisons);
      }
      const problems = freshet.log.filter(({ level }) => level === "warn" || level === "error");
      expect(copied(), JSON.stringify(problems, null, 1)).toEqual(before);
      const seconds = times.map((ms) => (ms / 1000).toFixed(1)).join(", ");
      console.log(`${ledger.written} transactions; serving again after ${seconds} s`);
    },
    rounds * 30_000,
  );
}
