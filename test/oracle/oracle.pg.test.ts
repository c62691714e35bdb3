import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runHistory } from "./history.ts";
import { runOracle } from "./oracle.ts";
import { POSTGRES } from "./postgres/dialect.ts";
import { plantTornCommits, plantUnawaitedWrites } from "./planted.ts";
import { Stats } from "./stats.ts";

/** A short run of the oracle: `npm run oracle -- --minutes 60` is the long one. */
describe("oracle", () => {
  let server: EmbeddedPostgres;
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    process.stdout.write(`${line}\n`);
  };
  beforeAll(async () => {
    server = await EmbeddedPostgres.start({ major: 18 });
  });
  afterAll(async () => {
    await server.stop();
  });

  const random = Math.floor(Math.random() * 1e9);
  it.for([[20_261], [random]])("finds no wrong answer, seed %i", async ([seed]) => {
    const found = await runOracle({
      dialect: POSTGRES,
      server,
      seed: seed!,
      limitMs: 6_000,
      historyMs: 1_500,
      shrinkLimitMs: 20_000,
      say,
    });
    expect(found.map(({ mismatch }) => mismatch)).toEqual([]);
  });

  it("explains every read by the history of commits", async () => {
    const stats = new Stats();
    expect(
      await runHistory({ dialect: POSTGRES, server, seed: 1, limitMs: 3_000, stats }),
    ).toBeNull();
    expect(stats.historyCommits).toBeGreaterThan(20);
    expect(stats.historyHits).toBeGreaterThan(stats.historyReads / 2);
  });

  it.for([
    ["writes that are not waited for", plantUnawaitedWrites],
    ["commits that show by halves", plantTornCommits],
  ] as const)("finds planted %s", async ([, plant]) => {
    const restore = plant();
    try {
      const stats = new Stats();
      let found: string | null = null;
      // Whether one run sees it is a matter of moments; a busy machine has fewer of them.
      for (let seed = 1; seed <= 4 && found === null; seed += 1) {
        found = await runHistory({ dialect: POSTGRES, server, seed, limitMs: 2_500, stats });
      }
      expect(found).not.toBeNull();
    } finally {
      restore();
    }
  });

  it("finds a planted fault and makes it small", async () => {
    const found = await runOracle({
      dialect: POSTGRES,
      server,
      seed: 3,
      limitMs: 30_000,
      shrinkLimitMs: 15_000,
      planted: true,
      say,
    });
    expect(found).toHaveLength(1);
    const { script, mismatch } = found[0]!;
    expect(mismatch.reason).toContain("[cached");
    expect(script.steps.length).toBeLessThan(40);
  });
});
