import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { ask } from "./ask.ts";
import { START_LIMIT_MS } from "./cluster.ts";
import { Site } from "./site.ts";

describe("adapters forward without any server", () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.start({ adapters: 1, servers: 1 });
  }, START_LIMIT_MS);
  afterAll(() => site?.stop());

  it("and serve from caches as soon as one comes", { timeout: 120_000 }, async () => {
    const { cluster } = site;
    const read = "SELECT n FROM lamp WHERE id = 1";
    for (const dialect of site.dialects) {
      const [url] = site.adapterUrls(dialect);
      await ask(
        url!,
        "CREATE TABLE lamp (id int PRIMARY KEY, n int)",
        "INSERT INTO lamp VALUES (1, 1)",
      );
      await ask(url!, `CREATE CACHE lamp_of FROM ${read}`);
    }
    await cluster.servers[0]!.kill();
    for (const dialect of site.dialects) {
      const [url] = site.adapterUrls(dialect);
      await eventually(async () => {
        const asked = await ask(url!, "UPDATE lamp SET n = n + 1", read);
        expect(asked.cached).toBe(false);
      });
      const refused = ask(url!, "CREATE CACHE more FROM SELECT count(*) FROM lamp");
      await expect(refused).rejects.toThrow();
    }
    // Neither it nor Consul is needed to start an adapter, and clients can be sent to it.
    await site.consul.kill();
    const [adapter] = cluster.adapters;
    expect(await adapter!.term()).toBe(0);
    adapter!.start();
    await adapter!.ready();
    for (const dialect of site.dialects) {
      const { rows } = await ask(site.adapterUrls(dialect)[0]!, read);
      expect(Number(rows[0]?.[0])).toBeGreaterThan(1);
    }
    await site.consul.restart();
    cluster.servers[0]!.start();
    for (const dialect of site.dialects) {
      await eventually(async () => {
        expect((await ask(site.adapterUrls(dialect)[0]!, read)).cached).toBe(true);
      }, 60_000);
    }
  });
});
