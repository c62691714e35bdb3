import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { startPgBouncer } from "./arms/pgbouncer.ts";
import type { Bench, Scenario } from "./bench.ts";
import { startUpstream } from "./databases.ts";
import { startMysqlUpstream } from "./mysql/databases.ts";
import { MYSQL_SCENARIOS } from "./mysql/scenarios.ts";
import { type BenchOptions, USAGE, readOptions } from "./options.ts";
import { type Measurement, renderRows, renderTargets, rowsOf, targetsOf } from "./results.ts";
import { film } from "./scenarios/film.ts";
import { forward, proxied } from "./scenarios/forward.ts";
import { miss } from "./scenarios/miss.ts";
import { point } from "./scenarios/point.ts";
import { snapshot } from "./scenarios/snapshot.ts";
import { sustained } from "./scenarios/sustained.ts";
import { visible } from "./scenarios/visible.ts";
import { type Cleanup, withCleanup } from "./tools/cleanup.ts";
import { describeProfiles } from "./tools/cpu-profile.ts";

const POSTGRES_SCENARIOS: readonly Scenario[] = [
  ...[point, miss, forward, proxied, film, visible, sustained, snapshot],
];

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Measures Freshet beside the database itself, a null server and PgBouncer, all in one run on
 * one machine, because only ratios mean something elsewhere.
 */
async function main(cleanup: Cleanup, options: BenchOptions): Promise<number> {
  const postgres = options.upstream === "postgres";
  const scenarios = postgres ? POSTGRES_SCENARIOS : MYSQL_SCENARIOS;
  const unknown = options.only.filter((name) => !scenarios.some((one) => one.name === name));
  if (unknown.length > 0) throw new TypeError(`there is no scenario ${unknown.join(", ")}`);
  const chosen = scenarios.filter(
    ({ name }) => options.only.length === 0 || options.only.includes(name),
  );
  const directory = await mkdtemp(join(tmpdir(), "freshet-bench-"));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  const profile = options.profile === null ? null : resolve(options.profile);
  if (profile !== null) await mkdir(profile, { recursive: true });
  const needs = new Set(chosen.flatMap((scenario) => scenario.needs));
  const start = postgres ? startUpstream : startMysqlUpstream;
  const upstream = await start(cleanup, options, needs, say);
  const { url, port, database } = upstream;
  const bouncer = postgres ? await startPgBouncer(cleanup, upstream) : null;
  if (postgres && bouncer === null) say("PgBouncer is not installed: no comparison with it");
  const measurements: Measurement[] = [];
  const bench: Bench = {
    options: { ...options, profile },
    ...{ url, bouncer, directory, say },
    direct: { port, database },
    record: (measurement) => measurements.push(measurement),
  };
  const failures: { scenario: string; error: string }[] = [];
  for (const scenario of chosen) {
    say(`\n# ${scenario.name}`);
    try {
      await withCleanup((own) => scenario.run(bench, own), cleanup);
    } catch (error) {
      // The others are still worth having.
      failures.push({ scenario: scenario.name, error: describeError(error) });
      say(`${scenario.name} failed: ${describeError(error)}`);
    }
  }
  const rows = rowsOf(measurements);
  const targets = targetsOf(rows);
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    [options.upstream]: upstream.version,
    pgbouncer: bouncer?.version ?? null,
  };
  const result = { date: new Date().toISOString(), machine, options, rows, targets, failures };
  await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (profile !== null) process.stdout.write(`${await describeProfiles(profile)}\n\n`);
  process.stdout.write(`${renderRows(rows)}\n\n${renderTargets(targets)}\n\n`);
  process.stdout.write(`kept in ${options.json}\n`);
  return failures.length === 0 ? 0 : 1;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : ` (${describeError(error.cause)})`;
  return `${error.message}${cause}`;
}

async function start(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  return withCleanup(async (cleanup) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => void cleanup.run().then(() => process.exit(130)));
    }
    return main(cleanup, options);
  });
}

start().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`bench: ${describeError(error)}\n`);
    process.exit(1);
  },
);
