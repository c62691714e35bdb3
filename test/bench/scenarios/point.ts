import { startNullServer } from "../arms/null-server.ts";
import {
  type Arm,
  type Bench,
  type Scenario,
  bouncerArms,
  compare,
  pgbenchLoad,
  startFreshet,
} from "../bench.ts";
import type { Cleanup } from "../tools/cleanup.ts";
import { fill, range } from "../tools/fill.ts";
import { writeScript } from "../tools/pgbench.ts";

const INT4 = { typeId: 23, typeSize: 4 } as const;

/** Hits on a hot key set, in every way of sending a statement. */
export const point: Scenario = {
  name: "point",
  needs: ["pgbench"],
  async run(bench: Bench, cleanup: Cleanup) {
    const { options } = bench;
    const reply = { column: "abalance", ...INT4, value: "0" };
    const nothing = await startNullServer(cleanup, options.adapterThreads, reply);
    const freshet = await startFreshet(bench, cleanup, "point");
    const select = "SELECT abalance FROM pgbench_accounts WHERE aid = ";
    await freshet.createCache("account", `${select}$1`);
    await fill(freshet.url, `${select}$1`, range(1, options.keys));
    const script = await writeScript(
      bench.directory,
      "point",
      `\\set aid random(1, ${options.keys})\n${select}:aid;\n`,
    );
    const { database } = bench.direct;
    for (const mode of ["prepared", "simple", "extended"] as const) {
      const arms: Arm[] = [
        { name: "direct", endpoint: bench.direct },
        { name: "null", endpoint: { port: nothing.port, database }, pid: nothing.pid },
        ...bouncerArms(bench, "session"),
        { name: "freshet hit", endpoint: { port: freshet.port, database }, freshet },
      ];
      await compare(bench, "point", mode, arms, pgbenchLoad({ script, mode }));
    }
  },
};
