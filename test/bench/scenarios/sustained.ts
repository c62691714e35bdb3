import { type Bench, type Scenario, startFreshet } from "../bench.ts";
import type { Freshet } from "../arms/freshet.ts";
import { fill, range } from "../tools/fill.ts";
import { type Load, pgbench, writeScript } from "../tools/pgbench.ts";
import { query, withClient } from "../tools/sql.ts";
import { type Cleanup, withCleanup } from "../tools/cleanup.ts";

const CATCH_UP_LIMIT_MS = 120_000;
const MARKER = "SELECT value FROM bench_marker WHERE id = $1";

interface CacheSet {
  readonly name: string;
  /** What is written, as fast as it goes. */
  readonly script: string;
  readonly caches: readonly {
    readonly name: string;
    readonly select: string;
    readonly parameters: readonly number[];
  }[];
}

function cacheSets(bench: Bench): CacheSet[] {
  const { scale, keys, titles } = bench.options;
  const account = `\\set aid random(1, ${scale * 100_000})\n\\set delta random(-5000, 5000)\n`;
  const updateAccount =
    "UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;\n";
  return [
    {
      name: "point",
      script: account + updateAccount,
      caches: [
        {
          name: "account",
          select: "SELECT abalance FROM pgbench_accounts WHERE aid = $1",
          parameters: range(1, keys),
        },
      ],
    },
    {
      name: "branch aggregate",
      script: account + updateAccount,
      caches: [
        {
          name: "branch",
          select: "SELECT count(*), sum(abalance) FROM pgbench_accounts WHERE bid = $1",
          parameters: range(1, scale),
        },
      ],
    },
    {
      name: "film top ten",
      script: `\\set id random(1, ${titles})\nUPDATE rating SET votes = votes + 1 WHERE title_id = :id;\n`,
      caches: [
        {
          name: "genres",
          select:
            "SELECT g.genre, count(*) AS films, sum(r.votes) AS votes FROM title_genre g " +
            "JOIN rating r ON r.title_id = g.title_id GROUP BY g.genre " +
            "ORDER BY votes DESC, g.genre LIMIT 10",
          parameters: [],
        },
      ],
    },
  ];
}

/** Unlimited writers without Freshet, then with it and caches over what they write. */
export const sustained: Scenario = {
  name: "sustained",
  needs: ["pgbench", "films"],
  async run(bench, outer) {
    await query(
      bench.url,
      "DROP TABLE IF EXISTS bench_marker",
      "CREATE TABLE bench_marker (id int PRIMARY KEY, value int NOT NULL)",
      "INSERT INTO bench_marker VALUES (1, 0)",
    );
    for (const set of cacheSets(bench)) {
      await withCleanup((cleanup) => measure(bench, cleanup, set), outer);
    }
  },
};

async function measure(bench: Bench, cleanup: Cleanup, set: CacheSet): Promise<void> {
  const { rounds, seconds, clients } = bench.options;
  const script = await writeScript(
    bench.directory,
    `write-${set.name.replaceAll(" ", "-")}`,
    set.script,
  );
  const load: Load = { endpoint: bench.direct, script, mode: "prepared", clients, seconds };
  const alone: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    alone.push((await pgbench(load)).transactionsPerSecond);
  }
  const freshet = await startFreshet(bench, cleanup, "sustained");
  for (const { name, select, parameters } of set.caches) {
    await freshet.createCache(name, select);
    if (parameters.length > 0) await fill(freshet.url, select, parameters);
    else await query(freshet.url, select);
  }
  await freshet.createCache("marker", MARKER);
  await fill(freshet.url, MARKER, [1]);
  const attached: number[] = [];
  const catchUpMs: number[] = [];
  const applied: number[] = [];
  let lag = "";
  for (let round = 0; round < rounds; round += 1) {
    const result = await pgbench(load);
    lag = await lagOf(bench);
    const caughtUpMs = await catchUp(bench, freshet);
    attached.push(result.transactionsPerSecond);
    catchUpMs.push(caughtUpMs);
    applied.push(result.transactions / (seconds + caughtUpMs / 1_000));
    bench.say(
      `sustained ${set.name}: ${Math.round(result.transactionsPerSecond)}/s written, ` +
        `${Math.round(applied.at(-1) ?? 0)}/s applied, ${Math.round(caughtUpMs)} ms behind`,
    );
  }
  const own = { scenario: "sustained", variant: set.name };
  const rate = { ...own, unit: "1/s" } as const;
  bench.record({ ...rate, arm: "direct", values: alone, note: "writes/s without Freshet" });
  bench.record({ ...rate, arm: "freshet attached", values: attached, note: `at the end ${lag}` });
  bench.record({ ...rate, arm: "freshet applied", values: applied, note: "including catching up" });
  const milliseconds = { ...own, unit: "ms" } as const;
  bench.record({
    ...milliseconds,
    arm: "catching up",
    values: catchUpMs,
    note: "after the last write",
  });
}

async function lagOf(bench: Bench): Promise<string> {
  const rows = await query(
    bench.url,
    `SELECT pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)) AS lag
     FROM pg_replication_slots WHERE slot_name LIKE 'freshet_bench%'`,
  );
  const lag = (rows[0] as { lag?: string } | undefined)?.lag;
  return `${lag ?? "unknown"} not acknowledged`;
}

/** Writes a marker and waits until its cached answer has it: all before it is applied then. */
async function catchUp(bench: Bench, freshet: Freshet): Promise<number> {
  const startedMs = performance.now();
  const rows = await query(
    bench.url,
    "UPDATE bench_marker SET value = value + 1 WHERE id = 1 RETURNING value",
  );
  const { value: wanted } = rows[0] as { value: number };
  return withClient(freshet.url, async (client) => {
    for (;;) {
      const read = await client.query<{ value: number }>({
        name: "marker",
        text: MARKER,
        values: [1],
      });
      const elapsedMs = performance.now() - startedMs;
      if ((read.rows[0]?.value ?? 0) >= wanted) return elapsedMs;
      if (elapsedMs > CATCH_UP_LIMIT_MS) {
        bench.say(`Freshet said last: ${freshet.output.slice(-1_000)}`);
        throw new Error("Freshet did not catch up within two minutes");
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
}
