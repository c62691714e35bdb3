import { join } from "node:path";
import { fetchPrograms } from "@freshet/cli/embedded-mysql";
import { runCommand } from "../../support/run-command.ts";

/** What a tool that writes and reads through the load balancer reported, over all its runs. */
export interface ToolResult {
  transactions: number;
  /** Failed statements by kind, as far as the tool tells. */
  readonly failed: Map<string, number>;
}

/** One run of a tool takes so long; it is run again until the rolling is over. */
const RUN_SECONDS = 15;
const SYSBENCH_ROWS = 5_000;
const SCRIPT = join(import.meta.dirname, "connect-each-time.lua");

export interface Tool {
  readonly name: string;
  prepare(): Promise<void>;
  run(result: ToolResult): Promise<void>;
}

/**
 * pgbench gives a client up for good when its connection is lost, so it connects for every
 * transaction (`-C`): a drained adapter's sessions end between transactions, where it has none.
 * Whatever it reports is a failure.
 */
export function pgbenchTool(port: number, clients: number): Tool {
  const connection = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "postgres"];
  const env = { PGPASSWORD: "postgres", PGSSLMODE: "disable" };
  return {
    name: "pgbench -C, simple-update",
    async prepare() {
      const done = await runCommand("pgbench", ["-i", "-q", "-s", "1", ...connection], { env });
      if (done.code !== 0) throw new Error(`pgbench -i: ${done.stderr}`);
    },
    async run(result) {
      const load = ["-n", "-C", "-M", "simple", "-b", "simple-update", "-c", String(clients)];
      const args = [...load, "-T", String(RUN_SECONDS), "--verbose-errors", ...connection];
      const { code, stdout, stderr } = await runCommand("pgbench", args, { env });
      result.transactions += Number(/actually processed: (\d+)/.exec(stdout)?.[1] ?? 0);
      const failures = stderr.split("\n").filter((line) => /error|aborted|FATAL/i.test(line));
      for (const failure of failures) count(result.failed, failure.replace(/\d+/g, "N"));
      if (code !== 0 && failures.length === 0) count(result.failed, `exit ${code}: ${stderr}`);
    },
  };
}

/** With a script that connects for every transaction, for the same reason. */
export async function sysbenchTool(port: number, threads: number): Promise<Tool> {
  const { binDir } = await fetchPrograms("sysbench");
  const command = join(binDir, "sysbench");
  const connection = [
    ...["--mysql-host=127.0.0.1", `--mysql-port=${port}`, "--mysql-user=root"],
    ...["--mysql-password=root", "--mysql-db=test", "--mysql-ssl=off", "--db-ps-mode=disable"],
    ...[`--table-size=${SYSBENCH_ROWS}`, `--threads=${threads}`, `--time=${RUN_SECONDS}`],
    // Deadlocks and lock waits are the load's own doing.
    "--mysql-ignore-errors=1213,1205,1020",
  ];
  return {
    name: "sysbench, a connection for each transaction",
    async prepare() {
      const args = ["oltp_read_write", ...connection, "--tables=1", "prepare"];
      const done = await runCommand(command, args);
      if (done.code !== 0) throw new Error(`sysbench prepare: ${done.stdout}${done.stderr}`);
    },
    async run(result) {
      const { code, stdout, stderr } = await runCommand(command, [SCRIPT, ...connection, "run"]);
      result.transactions += Number(/events:\s+(\d+)/.exec(stdout)?.[1] ?? 0);
      const failures = `${stdout}\n${stderr}`.split("\n").filter((line) => /FATAL/.test(line));
      for (const failure of failures) count(result.failed, failure.replace(/\b\d{1,3}\b/g, "N"));
      if (code !== 0 && failures.length === 0) count(result.failed, `exit ${code}: ${stderr}`);
    },
  };
}

function count(into: Map<string, number>, kind: string): void {
  into.set(kind, (into.get(kind) ?? 0) + 1);
}
