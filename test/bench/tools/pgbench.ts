import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Beyond the time asked for: connecting, and statements that must still end. */
const GRACE_MS = 90_000;

export type QueryMode = "simple" | "extended" | "prepared";

export interface Endpoint {
  readonly port: number;
  readonly database: string;
}

export interface Load {
  readonly endpoint: Endpoint;
  /** A file of pgbench's script language, or the name of a script it has built in. */
  readonly script: string | { readonly builtin: string };
  readonly mode: QueryMode;
  readonly clients: number;
  readonly seconds: number;
  readonly scale?: number;
  /** Initial values of the script's variables, the same for every client. */
  readonly variables?: Readonly<Record<string, number>>;
  /** Transactions a second over all clients; without it as many as go. */
  readonly ratePerSecond?: number;
}

export interface LoadResult {
  readonly transactionsPerSecond: number;
  readonly latencyMs: number;
  readonly transactions: number;
}

/** Runs pgbench, found on PATH, to its end. Fails when a client's statement failed. */
export async function pgbench(load: Load): Promise<LoadResult> {
  const script =
    typeof load.script === "string" ? ["-f", load.script] : ["-b", load.script.builtin];
  const args = [
    ...["-n", "-M", load.mode, "-c", String(load.clients), "-j", "1"],
    ...["-T", String(load.seconds), ...script],
    ...(load.scale === undefined ? [] : ["-s", String(load.scale)]),
    ...Object.entries(load.variables ?? {}).flatMap(([name, value]) => ["-D", `${name}=${value}`]),
    ...(load.ratePerSecond === undefined ? [] : ["-R", String(load.ratePerSecond)]),
  ];
  const output = await start(load.endpoint, args, load.seconds * 1_000 + GRACE_MS);
  return {
    transactionsPerSecond: numberIn(output, /^tps = ([\d.]+)/m),
    latencyMs: numberIn(output, /^latency average = ([\d.]+) ms/m),
    transactions: numberIn(output, /^number of transactions actually processed: (\d+)/m),
  };
}

/** Creates and fills pgbench's own tables. */
export async function initialise(endpoint: Endpoint, scale: number): Promise<void> {
  await start(endpoint, ["-i", "-q", "-I", "dtGvp", "-s", String(scale)], 600_000);
}

export async function writeScript(directory: string, name: string, text: string): Promise<string> {
  const path = join(directory, `${name}.sql`);
  await writeFile(path, text);
  return path;
}

async function start(
  endpoint: Endpoint,
  args: readonly string[],
  limitMs: number,
): Promise<string> {
  const connection = ["-h", "127.0.0.1", "-p", String(endpoint.port), "-U", "postgres"];
  try {
    const { stdout } = await run("pgbench", [...args, ...connection, endpoint.database], {
      env: { PATH: process.env["PATH"], PGPASSWORD: "postgres", PGSSLMODE: "disable" },
      timeout: limitMs,
      killSignal: "SIGKILL",
      maxBuffer: 64 << 20,
    });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`pgbench failed: ${(stderr ?? "").trim().slice(-2_000)}`, { cause: error });
  }
}

function numberIn(output: string, pattern: RegExp): number {
  const value = Number(pattern.exec(output)?.[1]);
  if (Number.isNaN(value)) throw new Error(`pgbench did not say ${pattern}:\n${output}`);
  return value;
}
