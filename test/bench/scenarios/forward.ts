import {
  type Arm,
  type Scenario,
  bouncerArms,
  compare,
  pgbenchLoad,
  startFreshet,
} from "../bench.ts";
import { writeScript } from "../tools/pgbench.ts";

const ACCOUNTS_A_SCALE = 100_000;

/** No caches: what it costs that statements pass through. */
export const forward: Scenario = {
  name: "forward",
  needs: ["pgbench"],
  async run(bench, cleanup) {
    const freshet = await startFreshet(bench, cleanup, "forward");
    const script = await writeScript(
      bench.directory,
      "forward",
      `\\set aid random(1, ${bench.options.scale * ACCOUNTS_A_SCALE})\n` +
        "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n",
    );
    const endpoint = { port: freshet.port, database: bench.direct.database };
    for (const mode of ["simple", "extended", "prepared"] as const) {
      const arms: Arm[] = [
        { name: "direct", endpoint: bench.direct },
        // Prepared statements and transaction pooling do not go together before 1.21.
        ...bouncerArms(bench, mode === "prepared" ? "session" : "both"),
        { name: "freshet", endpoint, freshet },
      ];
      await compare(bench, "forward", mode, arms, pgbenchLoad({ script, mode }));
    }
  },
};

/** pgbench's own mix of reads and writes in transactions. */
export const proxied: Scenario = {
  name: "proxied",
  needs: ["pgbench"],
  async run(bench, cleanup) {
    const freshet = await startFreshet(bench, cleanup, "proxied");
    const endpoint = { port: freshet.port, database: bench.direct.database };
    const script = { builtin: "tpcb-like" };
    for (const mode of ["simple", "prepared"] as const) {
      const arms: Arm[] = [
        { name: "direct", endpoint: bench.direct },
        ...bouncerArms(bench, mode === "prepared" ? "session" : "both"),
        { name: "freshet", endpoint, freshet },
      ];
      const load = pgbenchLoad({ script, mode, scale: bench.options.scale });
      await compare(bench, "proxied", `TPC-B ${mode}`, arms, load);
    }
  },
};
