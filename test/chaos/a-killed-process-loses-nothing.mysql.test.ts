import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { mysqlQuery } from "../support/mysql-database.ts";
import { itSurvivesKilling } from "./killed-process.ts";
import { Ledger } from "./ledger.ts";

/**
 * SIGKILL at random moments while writers write: `FRESHET_CHAOS_ROUNDS=20` by hand. The seed is
 * printed; FRESHET_CHAOS_SEED repeats its choices (not the machine's timing).
 */

const rounds = Number(process.env["FRESHET_CHAOS_ROUNDS"] ?? 2);
const seed = Number(process.env["FRESHET_CHAOS_SEED"] ?? Date.now() % 1_000_000);
const tables = ["test.account", "test.entry", "test.mark"];

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let upstream: EmbeddedMysql;
  let freshet: FreshetProcess;
  let ledger: Ledger;

  beforeAll(async () => {
    console.log(`FRESHET_CHAOS_SEED=${seed} FRESHET_CHAOS_ROUNDS=${rounds}`);
    upstream = await EmbeddedMysql.start({ flavour });
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

  it("has left nothing behind in the server", async () => {
    await freshet.kill();
    const text =
      "SELECT user, command FROM information_schema.processlist WHERE command <> 'Query'";
    await eventually(async () => {
      const left = await mysqlQuery(upstream.url(), text);
      expect(left.filter(([, command]) => command !== "Daemon")).toEqual([]);
    });
  });
});
