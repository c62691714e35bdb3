import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type Bench, type Scenario, startFreshet } from "../bench.ts";
import { quantile } from "../results.ts";
import { fill, range } from "../tools/fill.ts";
import { pgbench } from "../tools/pgbench.ts";
import { query } from "../tools/sql.ts";

const WRITES_PER_SECOND = 500;
const PAUSE_MS = 20;
/** A change that takes longer is a failure, not a sample. */
const VISIBLE_LIMIT_MS = 30_000;

interface Sample {
  /** From sending the statement whose commit it is, and from its acknowledgement. */
  readonly fromSentMs: number;
  readonly fromAcknowledgedMs: number;
}

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
    await freshet.createCache("probe", "SELECT value FROM bench_probe WHERE id = $1");
    await fill(freshet.url, account, range(1, options.keys));
    // The samples decide when it ends; this is the longest it may take.
    const seconds = Math.ceil(10 + (options.samples * (PAUSE_MS + 30)) / 1_000);
    const load = pgbench({
      endpoint: direct,
      script: { builtin: "simple-update" },
      mode: "prepared",
      clients: 2,
      seconds,
      scale: options.scale,
      ratePerSecond: WRITES_PER_SECOND,
    });
    const samples = await Promise.all([measure(bench, freshet.url), load]).then(([all]) => all);
    for (const [name, q] of [
      ["p50", 0.5],
      ["p99", 0.99],
      ["max", 1],
    ] as const) {
      const own = { scenario: "visible", arm: "freshet", unit: "ms" } as const;
      const note = `${samples.length} samples, ${WRITES_PER_SECOND} writes/s beside them`;
      const acknowledged = quantile(
        samples.map((sample) => sample.fromAcknowledgedMs),
        q,
      );
      const sent = quantile(
        samples.map((sample) => sample.fromSentMs),
        q,
      );
      const from = (point: string): string => `${name} from ${point}`;
      bench.record({ ...own, variant: from("acknowledgement"), values: [acknowledged], note });
      bench.record({ ...own, variant: from("sending"), values: [sent], note });
    }
  },
};

async function measure(bench: Bench, cachedUrl: string): Promise<Sample[]> {
  const writer = new pg.Client({ connectionString: bench.url });
  const reader = new pg.Client({ connectionString: cachedUrl });
  await Promise.all([writer.connect(), reader.connect()]);
  try {
    const samples: Sample[] = [];
    // The first ones warm up: connections, code, the cached entry.
    for (let value = 1; value <= bench.options.samples + 20; value += 1) {
      const sample = await one(writer, reader, value);
      if (value > 20) samples.push(sample);
      await sleep(Math.random() * 2 * PAUSE_MS);
    }
    return samples;
  } finally {
    await Promise.all([writer.end(), reader.end()]);
  }
}

async function one(writer: pg.Client, reader: pg.Client, value: number): Promise<Sample> {
  const text = "UPDATE bench_probe SET value = $1 WHERE id = 1";
  const sentMs = performance.now();
  await writer.query({ name: "write", text, values: [value] });
  const acknowledgedMs = performance.now();
  for (;;) {
    const { rows } = await reader.query<{ value: number }>({
      name: "read",
      text: "SELECT value FROM bench_probe WHERE id = $1",
      values: [1],
    });
    const nowMs = performance.now();
    if ((rows[0]?.value ?? 0) >= value) {
      return { fromSentMs: nowMs - sentMs, fromAcknowledgedMs: nowMs - acknowledgedMs };
    }
    if (nowMs - acknowledgedMs > VISIBLE_LIMIT_MS)
      throw new Error("a change did not become visible");
  }
}
