import { type Bench, type Scenario, startFreshet } from "../bench.ts";
import { type Cleanup, withCleanup } from "../tools/cleanup.ts";
import { query } from "../tools/sql.ts";

/** The first copy of a narrow table, as CREATE CACHE waits for it. */
export const snapshot: Scenario = {
  name: "snapshot",
  needs: [],
  async run(bench, outer) {
    const { copyRows } = bench.options;
    await query(
      bench.url,
      "DROP TABLE IF EXISTS bench_narrow",
      "CREATE TABLE bench_narrow (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL)",
      `INSERT INTO bench_narrow SELECT n, n % 1000, n % 77 FROM generate_series(1, ${copyRows}) n`,
      "VACUUM ANALYZE bench_narrow",
    );
    await measureCopies(bench, outer, "SELECT a, b FROM bench_narrow WHERE id = $1");
  },
};

/** As many first copies as rounds, each by a Freshet of its own. */
export async function measureCopies(bench: Bench, outer: Cleanup, select: string): Promise<void> {
  const { copyRows, rounds } = bench.options;
  const values: number[] = [];
  const logged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await withCleanup(async (cleanup) => {
      const freshet = await startFreshet(bench, cleanup, "snapshot");
      const startedMs = performance.now();
      await freshet.createCache("narrow", select);
      const seconds = (performance.now() - startedMs) / 1_000;
      values.push(copyRows / seconds);
      const copied = /"seconds":([\d.]+)/.exec(
        freshet.output.split("\n").find((line) => line.includes("table copied")) ?? "",
      );
      if (copied !== null) logged.push(copied[1] ?? "");
      bench.say(`snapshot: ${Math.round(copyRows / seconds).toLocaleString("en")} rows/s`);
    }, outer);
  }
  bench.record({
    scenario: "snapshot",
    variant: "narrow table",
    arm: "freshet",
    unit: "rows/s",
    values,
    note: `${copyRows.toLocaleString("en")} rows; copying alone took ${logged.join(", ")} s`,
  });
}
