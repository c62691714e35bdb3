import { type Scenario, startFreshet } from "../bench.ts";
import { fill, range } from "../tools/fill.ts";
import { pgbench } from "../tools/pgbench.ts";
import { query, withClient } from "../tools/sql.ts";
import {
  WRITES_PER_SECOND,
  recordSamples,
  sampleSeconds,
  takeSamples,
} from "../visible-samples.ts";

const WRITE = "UPDATE bench_probe SET value = $1 WHERE id = 1";
const READ = "SELECT value FROM bench_probe WHERE id = $1";

/** From a commit in the database to the cached answer, while pgbench writes to cached tables. */
export const visible: Scenario = {
  name: "visible",
  needs: ["pgbench"],
  async run(bench, cleanup) {
    const { options, url, direct } = bench;
    await query(
      url,
      "DROP TABLE IF EXISTS bench_probe",
      "CREATE TABLE bench_probe (id int PRIMARY KEY, value int NOT NULL)",
      "INSERT INTO bench_probe VALUES (1, 0)",
    );
    const freshet = await startFreshet(bench, cleanup, "visible");
    const account = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";
    await freshet.createCache("account", account);
    await freshet.createCache("probe", READ);
    await fill(freshet.url, account, range(1, options.keys));
    const writing = pgbench({
      endpoint: direct,
      script: { builtin: "simple-update" },
      mode: "prepared",
      clients: 2,
      seconds: sampleSeconds(bench),
      scale: options.scale,
      ratePerSecond: WRITES_PER_SECOND,
    });
    const sampling = withClient(url, (writer) =>
      withClient(freshet.url, (reader) =>
        takeSamples(
          bench,
          (value) => writer.query({ name: "write", text: WRITE, values: [value] }),
          async () => {
            const read = { name: "read", text: READ, values: [1] };
            const { rows } = await reader.query<{ value: number }>(read);
            return rows[0]?.value ?? 0;
          },
        ),
      ),
    );
    const [samples] = await Promise.all([sampling, writing]);
    recordSamples(bench, samples);
  },
};
