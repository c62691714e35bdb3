import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Random } from "../oracle/random.ts";
import { connect, query } from "../support/database.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { Ledger } from "./ledger.ts";

/**
 * SIGKILL at random moments while writers write: `FRESHET_CHAOS_ROUNDS=20` by hand. The seed is
 * printed; FRESHET_CHAOS_SEED repeats its choices (not the machine's timing).
 */

const rounds = Number(process.env["FRESHET_CHAOS_ROUNDS"] ?? 6);
const seed = Number(process.env["FRESHET_CHAOS_SEED"] ?? Date.now() % 1_000_000);
const random = new Random(seed);
let upstream: EmbeddedPostgres;
let freshet: FreshetProcess;
let ledger: Ledger;

beforeAll(async () => {
  console.log(`FRESHET_CHAOS_SEED=${seed} FRESHET_CHAOS_ROUNDS=${rounds}`);
  upstream = await EmbeddedPostgres.start();
  ledger = new Ledger(upstream.url());
  await ledger.create();
  freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment: "killed" });
});

afterAll(async () => {
  await ledger?.stopWriters().catch(() => undefined);
  await freshet?.dispose();
  await upstream?.stop();
});

async function restart(): Promise<void> {
  freshet.restart();
  await freshet.answering();
  await freshet.following();
}

/** Tables whose copy went into service, in order, one for each time. */
function copied(): string[] {
  return freshet.logged("table copied").map((line) => String(line["table"]));
}

it("is right after being killed during first copies", { timeout: 120_000 }, async () => {
  await ledger.startWriters(3, seed);
  for (let round = 0; round < Math.ceil(rounds / 3); round += 1) {
    const creating = ledger.createCaches(freshet.url()).catch(() => undefined);
    await delay(random.between(20, 500));
    await freshet.kill();
    await creating;
    await restart();
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
    const before = copied();
    expect(new Set(before)).toEqual(new Set(["public.account", "public.entry", "public.mark"]));
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await ledger.startWriters(3, seed + round * 10);
      // At any moment, also just before and after a checkpoint and its acknowledgement.
      await delay(random.between(50, 2_000));
      await freshet.kill();
      const startedMs = performance.now();
      await restart();
      times.push(performance.now() - startedMs);
      const reader = await connect(freshet.url());
      for (let count = 0; count < 50; count += 1) await Ledger.checkTotal(reader);
      await reader.end();
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

it("has left one slot behind and nothing else", async () => {
  await freshet.kill();
  const slots = await query(upstream.url(), "SELECT temporary FROM pg_replication_slots");
  expect(slots).toEqual([{ temporary: "f" }]);
});
