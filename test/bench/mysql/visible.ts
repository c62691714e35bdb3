import { setTimeout as sleep } from "node:timers/promises";
import {
  type MysqlClient,
  mysqlConnect,
  mysqlExecuted,
  mysqlQuery,
} from "../../support/mysql-database.ts";
import { type Bench, type Scenario, startFreshet } from "../bench.ts";
import { quantile } from "../results.ts";
import { range } from "../tools/fill.ts";
import { ROWS_A_SCALE } from "./databases.ts";
import { fill } from "./fill.ts";
import { sysbenchLoad } from "./sysbench.ts";

const WRITES_PER_SECOND = 500;
const WRITERS = 2;
const PAUSE_MS = 20;
const WARM_UP_SAMPLES = 20;
/** A change that takes longer is a failure, not a sample. */
const VISIBLE_LIMIT_MS = 30_000;
const SELECT = "SELECT value FROM bench_probe WHERE id = ?";

/** From a commit's acknowledgement to the cached answer, while sysbench writes beside it. */
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
    await freshet.createCache("probe", SELECT);
    await fill(freshet.url, account, range(1, options.keys));
    // The samples decide when it ends; this is the longest it may take.
    const seconds = Math.ceil(10 + (options.samples * (PAUSE_MS + 30)) / 1_000);
    const load = sysbenchLoad({
      script: "oltp_update_non_index",
      prepared: true,
      options: { rate: WRITES_PER_SECOND, "table-size": options.scale * ROWS_A_SCALE },
    });
    const writing = load(direct, WRITERS, seconds);
    const [samples] = await Promise.all([measure(bench, freshet.url), writing]);
    for (const [name, q] of [
      ["p50", 0.5],
      ["p99", 0.99],
      ["max", 1],
    ] as const) {
      bench.record({
        scenario: "visible",
        variant: `${name} from acknowledgement`,
        arm: "freshet",
        unit: "ms",
        values: [quantile(samples, q)],
        note: `${samples.length} samples, ${WRITES_PER_SECOND} writes/s beside them`,
      });
    }
  },
};

async function measure(bench: Bench, cachedUrl: string): Promise<number[]> {
  const [writer, reader] = await Promise.all([mysqlConnect(bench.url), mysqlConnect(cachedUrl)]);
  try {
    const samples: number[] = [];
    for (let value = 1; value <= bench.options.samples + WARM_UP_SAMPLES; value += 1) {
      const sample = await one(writer, reader, value);
      if (value > WARM_UP_SAMPLES) samples.push(sample);
      await sleep(Math.random() * 2 * PAUSE_MS);
    }
    return samples;
  } finally {
    await Promise.all([writer.end(), reader.end()]);
  }
}

async function one(writer: MysqlClient, reader: MysqlClient, value: number): Promise<number> {
  await writer.execute("UPDATE bench_probe SET value = ? WHERE id = 1", [value]);
  const acknowledgedMs = performance.now();
  for (;;) {
    const rows = await mysqlExecuted(reader, SELECT, [1]);
    const nowMs = performance.now();
    if (Number(rows[0]?.[0] ?? 0) >= value) return nowMs - acknowledgedMs;
    if (nowMs - acknowledgedMs > VISIBLE_LIMIT_MS) {
      throw new Error("a change did not become visible");
    }
  }
}
