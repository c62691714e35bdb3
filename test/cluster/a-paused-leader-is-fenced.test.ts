import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { ask, execute } from "./ask.ts";
import { START_LIMIT_MS } from "./cluster.ts";
import { Site } from "./site.ts";

const READ = "SELECT height FROM hill WHERE id = 1";

describe("a paused leader is fenced", () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.start({ adapters: 2, dialects: ["postgres"] });
    await execute(
      site.upstreamUrl("postgres"),
      "CREATE TABLE hill (id int PRIMARY KEY, height int)",
      "INSERT INTO hill VALUES (1, 10)",
    );
    await ask(site.adapterUrls("postgres")[0]!, `CREATE CACHE hill_of FROM ${READ}`);
  }, START_LIMIT_MS);
  afterAll(() => site?.stop());

  it("another leads, and the old one is its standby", { timeout: 180_000 }, async () => {
    const { cluster } = site;
    const urls = site.adapterUrls("postgres");
    const old = await cluster.untilLed();
    old.pause();
    // Its caches may no longer be vouched for, so a change is never missed.
    await execute(site.upstreamUrl("postgres"), "UPDATE hill SET height = 11 WHERE id = 1");
    const startedMs = performance.now();
    await eventually(async () => {
      for (const url of urls) expect((await ask(url, READ)).rows).toEqual([["11"]]);
    }, 15_000);
    console.log(`the change shows after ${(performance.now() - startedMs).toFixed(0)} ms`);
    const next = await cluster.untilLed(90_000, old);
    console.log(
      `${next.name} leads after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
    );
    await eventually(async () => {
      for (const url of urls)
        expect(await ask(url, READ)).toEqual({ rows: [["11"]], cached: true });
    });
    await ask(urls[0]!, "CREATE CACHE hills FROM SELECT count(*) FROM hill");
    old.continue();
    await cluster.ready();
    expect(await cluster.leader()).toBe(next);
    for (const url of urls) {
      await eventually(async () => {
        expect(await ask(url, READ)).toEqual({ rows: [["11"]], cached: true });
        expect(await ask(url, "SELECT count(*) FROM hill")).toEqual({
          ...{ rows: [["1"]], cached: true },
        });
      });
      const servers = (await ask(url, "SHOW FRESHET SERVERS")).rows.map((row) => row.join(" "));
      expect(servers).toHaveLength(2);
      expect(servers.filter((row) => /\blead/.test(row))).toHaveLength(1);
    }
    // The old one holds both definitions too: it takes over when the new one goes.
    await next.kill();
    await cluster.untilLed(90_000, next);
    await eventually(async () => {
      for (const url of urls) {
        expect(await ask(url, "SELECT count(*) FROM hill")).toMatchObject({ cached: true });
      }
    });
  });
});
