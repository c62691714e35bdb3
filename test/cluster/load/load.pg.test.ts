import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../oracle/random.ts";
import { startFreshet, type TestFreshet } from "../../support/freshet.ts";
import { BankModel } from "./bank-model.ts";
import { Load } from "./load.ts";
import { Probe } from "./probe.ts";

describe("the load", () => {
  let server: EmbeddedPostgres;
  let freshet: TestFreshet;
  beforeAll(async () => {
    server = await EmbeddedPostgres.start({ major: 18 });
    freshet = await startFreshet({ upstreamUrl: server.url() });
  });
  afterAll(async () => {
    await freshet.stop();
    await server.stop();
  });

  it("finds nothing wrong with combined mode, and hits", async () => {
    const load = new Load(
      {
        dialects: ["postgres"],
        upstreamUrl: () => server.url(),
        url: () => freshet.url(),
      },
      { seed: 7, readers: 2, writers: 2 },
    );
    await load.create();
    load.start();
    const probe = new Probe("combined", freshet.url());
    await delay(2_000);
    await load.stop();
    await load.compare([[freshet.url()]]);
    expect(probe.cached).toBe(true);
    await probe.stop();
    const { tally } = load;
    expect(tally.wrong).toEqual([]);
    expect(tally.hung).toEqual([]);
    expect(tally.errors).toEqual([]);
    expect(tally.hits).toBeGreaterThan(5);
    expect(tally.commits).toBeGreaterThan(2);
    const { told, ...rest } = await load.told();
    expect(told).toBeGreaterThan(2);
    expect(rest).toEqual({ unknown: 0, lost: 0, twice: 0 });
  });

  it("tells answers that never were from those of a commit", () => {
    const model = new BankModel();
    const attempt = model.begin(new Random(1));
    expect(model.settle(attempt, true)).toBeNull();
    const bank = [["1", "500", "1000"]];
    const before = model.check("bank", 1, [["0", "500", "1000"]], 0);
    expect(before).toBe(0);
    expect(model.check("bank", 1, [["0", "500", "1000"]], 1)).toContain("after 1");
    expect(model.check("bank", 1, [["0", "501", "1000"]], 0)).toContain("not 0,500,1000");
    expect(model.check("bank", 1, [["9", "500", "1000"]], 0)).toContain("never was");
    expect([model.check("bank", 1, bank, 0), model.check("bank", 2, bank, 0)]).toContain(1);
    const undone = model.begin(new Random(2));
    model.check("bank", 1, [["2", "0", "0"]], 0);
    expect(model.settle(undone, false)).toContain("rolled back");
  });
});
