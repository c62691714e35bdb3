import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { query } from "../support/database.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { itSurvivesKilling } from "./killed-process.ts";
import { Ledger } from "./ledger.ts";

/**
 * SIGKILL at random moments while writers write: `FRESHET_CHAOS_ROUNDS=20` by hand. The seed is
 * printed; FRESHET_CHAOS_SEED repeats its choices (not the machine's timing).
 */

const rounds = Number(process.env["FRESHET_CHAOS_ROUNDS"] ?? 6);
const seed = Number(process.env["FRESHET_CHAOS_SEED"] ?? Date.now() % 1_000_000);
const tables = ["public.account", "public.entry", "public.mark"];
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

itSurvivesKilling({ rounds, seed, tables, running: () => ({ freshet, ledger }) });

it("has left one slot behind and nothing else", async () => {
  await freshet.kill();
  const slots = await query(upstream.url(), "SELECT temporary FROM pg_replication_slots");
  expect(slots).toEqual([{ temporary: "f" }]);
});
