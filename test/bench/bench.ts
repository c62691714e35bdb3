import type { PgBouncer } from "./arms/pgbouncer.ts";
import { Freshet, describeAnswers } from "./arms/freshet.ts";
import type { BenchOptions } from "./options.ts";
import { type Measurement, median } from "./results.ts";
import type { Cleanup } from "./tools/cleanup.ts";
import { cpuMicrosOf } from "./tools/cpu-time.ts";
import { type Endpoint, type Load, type LoadResult, pgbench } from "./tools/pgbench.ts";

/** What scenarios work with; the databases are there and filled. */
export interface Bench {
  readonly options: BenchOptions;
  readonly url: string;
  readonly direct: Endpoint;
  readonly bouncer: PgBouncer | null;
  /** For pgbench's scripts. */
  readonly directory: string;
  readonly record: (measurement: Measurement) => void;
  readonly say: (line: string) => void;
}

export type Need = "pgbench" | "sysbench" | "films";

export interface Scenario {
  readonly name: string;
  /** Databases it needs. */
  readonly needs: readonly Need[];
  run(bench: Bench, cleanup: Cleanup): Promise<void>;
}

const WARM_UP_SECONDS = 2;

export interface Arm {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The process between client and database, if there is one. */
  readonly pid?: number | undefined;
  /** Set for Freshet's arms: how it answered goes into the note. */
  readonly freshet?: Freshet;
}

export function startFreshet(bench: Bench, cleanup: Cleanup, name: string): Promise<Freshet> {
  const { options, url } = bench;
  bench.say(`starting Freshet (${name})`);
  return Freshet.start(cleanup, {
    // As the direct arm, and as PgBouncer: MySQL offers TLS, and Freshet would take it.
    upstreamUrl: `${url}?sslmode=disable`,
    adapterThreads: options.adapterThreads,
    deployment: `bench_${name}`,
    // Each of its threads leaves a profile when it ends.
    nodeArguments:
      options.profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`],
    say: bench.say,
  });
}

/** Runs one load against one arm. */
export type Measure = (endpoint: Endpoint, clients: number, seconds: number) => Promise<LoadResult>;

/** One of pgbench's scripts. */
export function pgbenchLoad(load: Omit<Load, "endpoint" | "clients" | "seconds">): Measure {
  return (endpoint, clients, seconds) => pgbench({ ...load, endpoint, clients, seconds });
}

/**
 * Measures the arms in turn, a round at a time, so that what disturbs the machine for a while
 * disturbs all of them.
 */
export async function compare(
  bench: Bench,
  scenario: string,
  variant: string,
  arms: readonly Arm[],
  measure: Measure,
): Promise<void> {
  const { rounds, seconds, clients } = bench.options;
  // Caches, connections and compiled code are what they are after some time of use.
  for (const { endpoint } of arms) {
    await measure(endpoint, clients, WARM_UP_SECONDS);
  }
  const values = arms.map((): number[] => []);
  const latencies = arms.map((): number[] => []);
  const cpuMicros = arms.map((): number[] => []);
  const notes = arms.map(() => "");
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { name, endpoint, freshet, ...arm }] of arms.entries()) {
      const pid = freshet?.pid ?? arm.pid;
      const before = await freshet?.answers();
      const cpuBefore = pid === undefined ? null : await cpuMicrosOf(pid);
      const result = await measure(endpoint, clients, seconds);
      values[index]?.push(result.transactionsPerSecond);
      latencies[index]?.push(result.latencyMs);
      const cpuAfter = pid === undefined ? null : await cpuMicrosOf(pid);
      if (cpuBefore !== null && cpuAfter !== null) {
        cpuMicros[index]?.push((cpuAfter - cpuBefore) / result.transactions);
      }
      if (freshet !== undefined && before !== undefined) {
        notes[index] = describeAnswers(before, await freshet.answers());
      }
      const rate = Math.round(result.transactionsPerSecond).toLocaleString("en");
      bench.say(`${scenario} ${variant} ${name}: ${rate}/s ${notes[index] ?? ""}`);
    }
  }
  for (const [index, { name }] of arms.entries()) {
    const latency = Math.min(...(latencies[index] ?? []));
    const cpu = cpuMicros[index] ?? [];
    const note = [
      `${latency.toFixed(3)} ms`,
      cpu.length === 0 ? "" : `${median(cpu).toFixed(1)} µs CPU each`,
      notes[index] ?? "",
    ].filter((part) => part !== "");
    const own = { scenario, variant, arm: name, unit: "1/s" as const };
    bench.record({ ...own, values: values[index] ?? [], note: note.join("; ") });
  }
}

/** Session and transaction pooling, where PgBouncer is there. */
export function bouncerArms(bench: Bench, pooling: "both" | "session"): Arm[] {
  const { bouncer } = bench;
  if (bouncer === null) return [];
  const { port, pid, session, transaction } = bouncer;
  const arms: Arm[] = [{ name: "pgbouncer session", pid, endpoint: { port, database: session } }];
  if (pooling === "both") {
    arms.push({ name: "pgbouncer transaction", pid, endpoint: { port, database: transaction } });
  }
  return arms;
}
