import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Child } from "../tools/child.ts";
import type { Cleanup } from "../tools/cleanup.ts";
import { freePort } from "../tools/free-port.ts";
import { query } from "../tools/sql.ts";
import { waitFor } from "../tools/wait-for.ts";

const run = promisify(execFile);
/** PgBouncer refuses to run as root. */
const NOBODY = 65534;
/** Ends PgBouncer at the end of our standard input, however we ended. */
const GUARD = '"$0" "$1" & pid=$!; echo "pid $pid"; read -r _; kill -INT "$pid"; wait "$pid"';

export interface PgBouncer {
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  /** Databases of the same upstream that differ in how sessions share connections. */
  readonly session: "session_pooling";
  readonly transaction: "transaction_pooling";
}

/** Starts the PgBouncer on PATH before the database; null when there is none. */
export async function startPgBouncer(
  cleanup: Cleanup,
  upstream: { readonly port: number; readonly database: string },
): Promise<PgBouncer | null> {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  let version: string;
  try {
    const { stdout } = await run("pgbouncer", ["--version"], { env: { PATH: path } });
    version = /PgBouncer (\S+)/i.exec(stdout)?.[1] ?? "unknown";
  } catch {
    return null;
  }
  const root = process.getuid?.() === 0;
  const directory = await mkdtemp(join(tmpdir(), "freshet-pgbouncer-"));
  const port = await freePort();
  const target =
    `host=127.0.0.1 port=${upstream.port} dbname=${upstream.database} ` +
    "user=postgres password=postgres";
  const configuration = [
    "[databases]",
    `session_pooling = ${target} pool_mode=session`,
    `transaction_pooling = ${target} pool_mode=transaction`,
    "[pgbouncer]",
    `listen_addr = 127.0.0.1`,
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = trust",
    `auth_file = ${join(directory, "users.txt")}`,
    "default_pool_size = 32",
    "max_client_conn = 200",
    "ignore_startup_parameters = extra_float_digits",
    "",
  ];
  const file = join(directory, "pgbouncer.ini");
  await writeFile(file, configuration.join("\n"));
  await writeFile(join(directory, "users.txt"), '"postgres" "postgres"\n');
  await chmod(directory, 0o755);
  if (root) await chown(directory, NOBODY, NOBODY);
  const child = new Child("/bin/sh", ["-c", GUARD, "pgbouncer", file], {
    tie: "input",
    env: { PATH: path },
    account: root ? { uid: NOBODY, gid: NOBODY } : {},
  });
  cleanup.add(async () => {
    await child.stop(3_000);
    await rm(directory, { recursive: true, force: true });
  });
  const url = `postgres://postgres@127.0.0.1:${port}/session_pooling`;
  try {
    await waitFor("PgBouncer", 10_000, () => query(url, "SELECT 1"));
  } catch (error) {
    throw new Error(`PgBouncer does not answer: ${child.output.slice(-2_000)}`, { cause: error });
  }
  const pid = Number(/^pid (\d+)$/m.exec(child.output)?.[1]);
  return { port, pid, version, session: "session_pooling", transaction: "transaction_pooling" };
}
