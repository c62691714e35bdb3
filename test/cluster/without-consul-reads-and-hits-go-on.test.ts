import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { ask, execute } from "./ask.ts";
import { START_LIMIT_MS } from "./cluster.ts";
import { Site } from "./site.ts";

const LATER = "CREATE CACHE later FROM SELECT id FROM river WHERE km > 1000";
const AWAY_MS = 12_000;
const READ = "SELECT name FROM river WHERE id = 1";

describe("without Consul", () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.start({ adapters: 2 });
    for (const dialect of site.dialects) {
      await execute(
        site.upstreamUrl(dialect),
        "CREATE TABLE river (id int PRIMARY KEY, name varchar(20), km int)",
        "INSERT INTO river VALUES (1, 'Rhine', 1233)",
      );
      await ask(site.adapterUrls(dialect)[0]!, `CREATE CACHE river_of FROM ${READ}`);
    }
    await everywhere(async (url) => {
      expect(await ask(url, READ)).toEqual({ rows: [["Rhine"]], cached: true });
    });
  }, START_LIMIT_MS);
  afterAll(() => site?.stop());

  const everywhere = (check: (url: string) => Promise<void>): Promise<unknown> =>
    Promise.all(
      site.dialects
        .flatMap((dialect) => site.adapterUrls(dialect))
        .map((url) => eventually(() => check(url), 30_000)),
    );

  it("reads, hits and new rows go on; definitions wait", { timeout: 120_000 }, async () => {
    const leader = await site.cluster.untilLed();
    await site.consul.kill();
    const killedMs = performance.now();
    for (const dialect of site.dialects) {
      await execute(site.upstreamUrl(dialect), "UPDATE river SET name = 'Rhein' WHERE id = 1");
    }
    await everywhere(async (url) => {
      expect(await ask(url, READ)).toEqual({ rows: [["Rhein"]], cached: true });
    });
    for (const dialect of site.dialects) {
      const refused = await ask(site.adapterUrls(dialect)[1]!, LATER).catch(
        (error: unknown) => error,
      );
      expect(refused).toMatchObject(dialect === "postgres" ? { code: "57P03" } : { errno: 1105 });
      expect(String(refused)).toMatch(/Consul|authority/i);
      const { rows } = await ask(site.adapterUrls(dialect)[0]!, "SHOW CACHES");
      expect(rows.flat()).not.toContain("later");
    }
    // For longer than a session lives.
    for (let n = 0; performance.now() < killedMs + AWAY_MS; n += 1) {
      for (const dialect of site.dialects) {
        await execute(site.upstreamUrl(dialect), `UPDATE river SET name = 'R ${n}' WHERE id = 1`);
      }
      await everywhere(async (url) => {
        expect(await ask(url, READ)).toEqual({ rows: [[`R ${n}`]], cached: true });
      });
    }
    await site.consul.restart();
    await site.cluster.ready();
    expect(await site.cluster.leader()).toBe(leader);
    for (const dialect of site.dialects) {
      await eventually(() => ask(site.adapterUrls(dialect)[1]!, LATER), 30_000);
    }
    await everywhere(async (url) => {
      const again = "SELECT id FROM river WHERE km > 1000";
      expect(await ask(url, again)).toEqual({ rows: [["1"]], cached: true });
      expect((await ask(url, READ)).cached).toBe(true);
    });
  });
});
