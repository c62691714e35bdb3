import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { fetchPrograms } from "@freshet/cli/embedded-mysql";
import type { Measure } from "../bench.ts";
import type { Endpoint, LoadResult } from "../tools/pgbench.ts";

const run = promisify(execFile);
/** Beyond the time asked for: connecting, and statements that must still end. */
const GRACE_MS = 90_000;

export interface SysbenchLoad {
  /** A script that sysbench has built in, or the path of one. */
  readonly script: string;
  readonly prepared: boolean;
  readonly options?: Readonly<Record<string, string | number>>;
}

/** Creates and fills sysbench's own table. */
export async function prepare(endpoint: Endpoint, rows: number): Promise<void> {
  const args = ["--tables=1", `--table-size=${rows}`, "prepare"];
  await start(endpoint, args, 600_000, "oltp_point_select");
}

/** Runs sysbench to its end. Fails when a client's statement failed. */
export function sysbenchLoad(load: SysbenchLoad): Measure {
  return (endpoint, clients, seconds) => sysbench(load, endpoint, clients, seconds);
}

async function sysbench(
  load: SysbenchLoad,
  endpoint: Endpoint,
  clients: number,
  seconds: number,
): Promise<LoadResult> {
  const args = [
    `--threads=${clients}`,
    `--time=${seconds}`,
    `--db-ps-mode=${load.prepared ? "auto" : "disable"}`,
    ...Object.entries(load.options ?? {}).map(([name, value]) => `--${name}=${value}`),
    "run",
  ];
  const output = await start(endpoint, args, seconds * 1_000 + GRACE_MS, load.script);
  return {
    transactionsPerSecond: numberIn(output, /transactions:\s+\d+\s+\(([\d.]+) per sec/),
    latencyMs: numberIn(output, /avg:\s+([\d.]+)/),
    transactions: numberIn(output, /transactions:\s+(\d+)/),
  };
}

async function start(
  endpoint: Endpoint,
  args: readonly string[],
  limitMs: number,
  script: string,
): Promise<string> {
  const { binDir } = await fetchPrograms("sysbench");
  const connection = [
    ...["--mysql-host=127.0.0.1", `--mysql-port=${endpoint.port}`, "--mysql-user=root"],
    ...["--mysql-password=root", `--mysql-db=${endpoint.database}`, "--mysql-ssl=off"],
  ];
  try {
    const { stdout } = await run(join(binDir, "sysbench"), [script, ...connection, ...args], {
      timeout: limitMs,
      killSignal: "SIGKILL",
      maxBuffer: 64 << 20,
    });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    const said = `${stdout ?? ""}\n${stderr ?? ""}`.trim().slice(-2_000);
    throw new Error(`sysbench failed: ${said}`, { cause: error });
  }
}

function numberIn(output: string, pattern: RegExp): number {
  const value = Number(pattern.exec(output)?.[1]);
  if (Number.isNaN(value)) throw new Error(`sysbench did not say ${pattern}:\n${output}`);
  return value;
}
