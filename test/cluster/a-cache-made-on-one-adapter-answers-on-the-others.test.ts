import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { ask, execute } from "./ask.ts";
import { START_LIMIT_MS } from "./cluster.ts";
import { Site } from "./site.ts";

describe("three adapters, two servers", () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.start();
  }, START_LIMIT_MS);
  afterAll(() => site?.stop());

  it.for(["postgres", "mysql"] as const)(
    "a cache made on one adapter answers on the others, %s",
    async (dialect) => {
      await execute(
        site.upstreamUrl(dialect),
        "CREATE TABLE planet (id int PRIMARY KEY, name varchar(20), moons int)",
        "INSERT INTO planet VALUES (1, 'Mars', 2), (2, 'Earth', 1), (3, 'Venus', 0)",
      );
      const [first, ...others] = site.adapterUrls(dialect);
      const read = "SELECT name FROM planet WHERE moons = 2";
      await ask(first!, `CREATE CACHE by_moons FROM ${read}`);
      const startedMs = performance.now();
      const times = await Promise.all(
        others.map((url) =>
          eventually(async () => {
            const { rows, cached } = await ask(url, read);
            expect(rows).toEqual([["Mars"]]);
            expect(cached).toBe(true);
            return performance.now() - startedMs;
          }, 10_000),
        ),
      );
      console.log(`${dialect}: hits after ${times.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
      for (const url of site.adapterUrls(dialect)) {
        expect((await ask(url, "SHOW CACHES")).rows.flat()).toContain("by_moons");
      }
      await execute(site.upstreamUrl(dialect), "UPDATE planet SET name = 'Red' WHERE id = 1");
      await Promise.all(
        site.adapterUrls(dialect).map((url) =>
          eventually(async () => {
            expect(await ask(url, read)).toEqual({ rows: [["Red"]], cached: true });
          }, 10_000),
        ),
      );
      await ask(others[0]!, "DROP CACHE by_moons");
      for (const url of site.adapterUrls(dialect)) {
        await eventually(async () => {
          expect(await ask(url, read)).toEqual({ rows: [["Red"]], cached: false });
        }, 10_000);
      }
    },
  );

  it("a session reads what it wrote, whichever adapter it is at", async () => {
    for (const dialect of site.dialects) {
      const [first] = site.adapterUrls(dialect);
      await execute(
        site.upstreamUrl(dialect),
        "CREATE TABLE tally (id int PRIMARY KEY, n int)",
        "INSERT INTO tally VALUES (1, 0)",
      );
      await ask(first!, "CREATE CACHE tally_of FROM SELECT n FROM tally WHERE id = 1");
      let n = 0;
      for (let round = 0; round < 5; round += 1) {
        for (const url of site.adapterUrls(dialect)) {
          n += 1;
          const { rows } = await ask(
            url,
            `UPDATE tally SET n = ${n} WHERE id = 1`,
            "SELECT n FROM tally WHERE id = 1",
          );
          expect(rows).toEqual([[String(n)]]);
        }
      }
    }
  });
});
