import { type Arm, type Bench, type Scenario, compare, startFreshet } from "../bench.ts";
import type { Cleanup } from "../tools/cleanup.ts";
import { ROWS_A_SCALE } from "./databases.ts";
import { sysbenchLoad } from "./sysbench.ts";

async function through(
  bench: Bench,
  cleanup: Cleanup,
  scenario: string,
  scripts: readonly string[],
): Promise<void> {
  const { options, direct } = bench;
  const freshet = await startFreshet(bench, cleanup, scenario);
  const arms: Arm[] = [
    { name: "direct", endpoint: direct },
    { name: "freshet", endpoint: { port: freshet.port, database: direct.database }, freshet },
  ];
  for (const script of scripts) {
    for (const mode of ["prepared", "text"] as const) {
      const load = sysbenchLoad({
        script,
        prepared: mode === "prepared",
        options: { "table-size": options.scale * ROWS_A_SCALE, "rand-type": "uniform" },
      });
      await compare(bench, scenario, `${script} ${mode}`, arms, load);
    }
  }
}

/** No caches: what it costs that single statements pass through. */
export const forward: Scenario = {
  name: "forward",
  needs: ["sysbench"],
  run: (bench, cleanup) => through(bench, cleanup, "forward", ["oltp_point_select"]),
};

/** sysbench's own mixes in transactions, without caches. */
export const mixed: Scenario = {
  name: "mixed",
  needs: ["sysbench"],
  run: (bench, cleanup) => through(bench, cleanup, "mixed", ["oltp_read_only", "oltp_read_write"]),
};
