import { type Scenario, startFreshet } from "../bench.ts";
import { describeAnswers } from "../arms/freshet.ts";
import { pgbench, writeScript } from "../tools/pgbench.ts";

const ACCOUNTS_A_SCALE = 100_000;

/**
 * Keys that were never asked for: every read fills an entry from the local copy. Each round has
 * a range of its own; keys come in an order that does not repeat within it.
 */
export const miss: Scenario = {
  name: "miss",
  needs: ["pgbench"],
  async run(bench, cleanup) {
    const { options, direct } = bench;
    const freshet = await startFreshet(bench, cleanup, "miss");
    const select = "SELECT abalance FROM pgbench_accounts WHERE aid = ";
    await freshet.createCache("account", `${select}$1`);
    const span = Math.floor((options.scale * ACCOUNTS_A_SCALE) / (options.rounds * 2));
    const values: Record<"direct" | "freshet miss", number[]> = { direct: [], "freshet miss": [] };
    let note = "";
    for (let round = 0; round < options.rounds; round += 1) {
      const first = round * span + 1;
      // Each client walks its own share of the range.
      const share = Math.floor(span / options.clients);
      const script = await writeScript(
        bench.directory,
        `miss-${round}`,
        [
          "\\set n :n + 1",
          `\\set aid ${first} + :client_id * ${share} + mod(:n, ${share})`,
          `${select}:aid;`,
          "",
        ].join("\n"),
      );
      const load = {
        script,
        mode: "prepared",
        clients: options.clients,
        variables: { n: 0 },
      } as const;
      const seconds = options.seconds;
      const before = await freshet.answers();
      const endpoint = { port: freshet.port, database: direct.database };
      const filled = await pgbench({ ...load, seconds, endpoint });
      note = describeAnswers(before, await freshet.answers());
      values["freshet miss"].push(filled.transactionsPerSecond);
      values.direct.push(
        (await pgbench({ ...load, seconds, endpoint: direct })).transactionsPerSecond,
      );
      bench.say(`miss: ${Math.round(filled.transactionsPerSecond).toLocaleString("en")}/s ${note}`);
    }
    const own = { scenario: "miss", variant: "prepared", unit: "1/s" } as const;
    bench.record({ ...own, arm: "direct", values: values.direct, note: "" });
    bench.record({ ...own, arm: "freshet miss", values: values["freshet miss"], note });
  },
};
