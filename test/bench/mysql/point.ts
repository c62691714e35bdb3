import { type Arm, type Scenario, compare, startFreshet } from "../bench.ts";
import { range } from "../tools/fill.ts";
import { fill } from "./fill.ts";
import { sysbenchLoad } from "./sysbench.ts";

const SELECT = "SELECT c FROM sbtest1 WHERE id=?";

/** sysbench's point selects as hits on a hot key set. */
export const point: Scenario = {
  name: "point",
  needs: ["sysbench"],
  async run(bench, cleanup) {
    const { options, direct } = bench;
    const freshet = await startFreshet(bench, cleanup, "point");
    await freshet.createCache("point", SELECT);
    await fill(freshet.url, SELECT, range(1, options.keys));
    const arms: Arm[] = [
      { name: "direct", endpoint: direct },
      { name: "freshet hit", endpoint: { port: freshet.port, database: direct.database }, freshet },
    ];
    for (const mode of ["prepared", "text"] as const) {
      const load = sysbenchLoad({
        script: "oltp_point_select",
        prepared: mode === "prepared",
        options: { "table-size": options.keys, "rand-type": "uniform" },
      });
      await compare(bench, "point", mode, arms, load);
    }
  },
};
