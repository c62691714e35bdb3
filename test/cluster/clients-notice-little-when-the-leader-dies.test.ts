import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { START_LIMIT_MS } from "./cluster.ts";
import { Load } from "./load/load.ts";
import { Probe } from "./load/probe.ts";
import { Site } from "./site.ts";

const STEADY_MS = 500;

describe("clients notice little when the leader dies", () => {
  let site: Site;
  let load: Load;
  beforeAll(async () => {
    site = await Site.start({ adapters: 2 });
    load = new Load(
      {
        dialects: site.dialects,
        upstreamUrl: (dialect) => site.upstreamUrl(dialect),
        url: (dialect) => site.adapterUrls(dialect)[0]!,
      },
      { seed: 4, readers: 2, writers: 1, pauseMs: 20 },
    );
    await load.create();
  }, START_LIMIT_MS);
  afterAll(() => site?.stop());

  it("the standby takes over, no client gets an error", { timeout: 120_000 }, async () => {
    const { cluster } = site;
    const probes = site.dialects.flatMap((dialect) =>
      cluster.adapters.map(
        (adapter) => new Probe(`${adapter.name} ${dialect}`, cluster.url(adapter, dialect)),
      ),
    );
    const steady = async (sinceMs: number): Promise<void> =>
      eventually(async () => {
        for (const { name, cached, lastAwayMs, lastReason } of probes) {
          const away = !cached || performance.now() - lastAwayMs < STEADY_MS;
          if (away || performance.now() < sinceMs + STEADY_MS) {
            throw new Error(`${name} is not served from caches: ${lastReason}`);
          }
        }
      }, 60_000);
    load.start();
    try {
      await steady(0);
      const leader = await cluster.untilLed();
      const killedMs = performance.now();
      await leader.kill();
      const next = await cluster.untilLed(60_000, leader);
      const ledMs = performance.now() - killedMs;
      await steady(performance.now());
      const backMs = Math.max(...probes.map(({ lastAwayMs }) => lastAwayMs)) - killedMs;
      console.log(
        `${next.name} leads after ${(ledMs / 1000).toFixed(1)} s; ` +
          `all from caches after ${(backMs / 1000).toFixed(1)} s`,
      );
      leader.start();
      await cluster.ready();
      expect(await cluster.leader()).toBe(next);
    } finally {
      await Promise.all(probes.map((probe) => probe.stop()));
      await load.stop();
    }
    await load.compare(site.dialects.map((dialect) => site.adapterUrls(dialect)));
    const { errors, wrong, hung } = load.tally;
    expect({ errors, wrong, hung }).toEqual({ errors: [], wrong: [], hung: [] });
    expect(await load.told()).toMatchObject({ unknown: 0, lost: 0, twice: 0 });
  });
});
