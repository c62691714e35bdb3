import { mysqlConnect, mysqlExecuted, mysqlQuery } from "../../support/mysql-database.ts";
import { type Scenario, startFreshet } from "../bench.ts";
import { range } from "../tools/fill.ts";
import {
  WRITES_PER_SECOND,
  recordSamples,
  sampleSeconds,
  takeSamples,
} from "../visible-samples.ts";
import { ROWS_A_SCALE } from "./databases.ts";
import { fill } from "./fill.ts";
import { sysbenchLoad } from "./sysbench.ts";

const WRITERS = 2;
const WRITE = "UPDATE bench_probe SET value = ? WHERE id = 1";
const READ = "SELECT value FROM bench_probe WHERE id = ?";

/** From a commit in the database to the cached answer, while sysbench writes to cached tables. */
export const visible: Scenario = {
  name: "visible",
  needs: ["sysbench"],
  async run(bench, cleanup) {
    const { options, url, direct } = bench;
    await mysqlQuery(
      url,
      "DROP TABLE IF EXISTS bench_probe",
      "CREATE TABLE bench_probe (id int PRIMARY KEY, value int NOT NULL)",
      "INSERT INTO bench_probe VALUES (1, 0)",
    );
    const freshet = await startFreshet(bench, cleanup, "visible");
    const account = "SELECT c FROM sbtest1 WHERE id = ?";
    await freshet.createCache("account", account);
    await freshet.createCache("probe", READ);
    await fill(freshet.url, account, range(1, options.keys));
    const load = sysbenchLoad({
      script: "oltp_update_non_index",
      prepared: true,
      options: { rate: WRITES_PER_SECOND, "table-size": options.scale * ROWS_A_SCALE },
    });
    const writing = load(direct, WRITERS, sampleSeconds(bench));
    const [writer, reader] = await Promise.all([mysqlConnect(url), mysqlConnect(freshet.url)]);
    try {
      const sampling = takeSamples(
        bench,
        (value) => writer.execute(WRITE, [value]),
        async () => Number((await mysqlExecuted(reader, READ, [1]))[0]?.[0] ?? 0),
      );
      const [samples] = await Promise.all([sampling, writing]);
      recordSamples(bench, samples);
    } finally {
      await Promise.all([writer.end(), reader.end()]);
    }
  },
};
