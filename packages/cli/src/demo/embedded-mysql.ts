import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildServer, freePort } from "./child-server.ts";
import {
  type MysqlFlavour,
  REDO_LOG_SIZE,
  ROOT_PASSWORD,
  createDataDirectory,
  placeOptions,
} from "./mysql-data.ts";
import { type Programs, fetchPrograms } from "./mysql-programs.ts";

export { cacheDirectory } from "./download-cache.ts";
export type { MysqlFlavour } from "./mysql-data.ts";
export {
  type ProgramName,
  type ProgramSet,
  type Programs,
  fetchProgramSet,
  fetchPrograms,
  haveProgram,
} from "./mysql-programs.ts";

export interface EmbeddedMysqlOptions {
  readonly flavour: MysqlFlavour;
  /** Kept between runs when given; a temporary directory otherwise, removed by `stop`. */
  readonly dataDir?: string;
  readonly port?: number;
  /** Server variables beyond the defaults below, e.g. `{ sync_binlog: "1" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onLog?: (line: string) => void;
  /** Removed, as a temporary data directory is, when our process is killed without `stop`. */
  readonly removeWhenKilled?: readonly string[];
}

const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  bind_address: "127.0.0.1",
  server_id: "1",
  log_bin: "binlog",
  binlog_format: "ROW",
  binlog_row_image: "FULL",
  binlog_row_metadata: "FULL",
  character_set_server: "utf8mb4",
  skip_name_resolve: "1",
  local_infile: "1",
  max_connections: "1200",
  max_allowed_packet: "128M",
  innodb_buffer_pool_size: "128M",
  // The data is a throw-away copy; durability of the upstream itself is not what runs here.
  innodb_flush_log_at_trx_commit: "0",
  sync_binlog: "0",
};

const FLAVOUR_SETTINGS: Readonly<Record<MysqlFlavour, Readonly<Record<string, string>>>> = {
  mysql: {
    gtid_mode: "ON",
    enforce_gtid_consistency: "ON",
    secure_file_priv: "",
    innodb_redo_log_capacity: REDO_LOG_SIZE,
    // Statistics nobody reads here: 150 MB of memory less.
    performance_schema_digests_size: "0",
    performance_schema_error_size: "0",
    performance_schema_events_statements_history_long_size: "0",
    performance_schema_events_waits_history_long_size: "0",
  },
  mariadb: {
    collation_server: "utf8mb4_general_ci",
    binlog_annotate_row_events: "1",
    innodb_log_file_size: REDO_LOG_SIZE,
  },
};

/** Paths of sockets are bounded (108 bytes on Linux). */
const LONGEST_SOCKET = 100;

/**
 * A real MySQL or MariaDB as a child process on a free port of 127.0.0.1. The account `root` has
 * all privileges and the password `root`; the database `test` exists. The child never outlives
 * `stop`, nor us. The first use on a machine downloads the server; see `fetchPrograms`.
 */
export class EmbeddedMysql {
  readonly flavour: MysqlFlavour;
  readonly port: number;
  readonly dataDir: string;
  /** Unix socket on which it listens too. */
  readonly socket: string;
  readonly #options: EmbeddedMysqlOptions;
  readonly #programs: Programs;
  readonly #temporary: boolean;
  #server: ChildServer | null = null;

  private constructor(
    options: EmbeddedMysqlOptions,
    port: number,
    dataDir: string,
    programs: Programs,
  ) {
    this.#options = options;
    this.#programs = programs;
    this.#temporary = options.dataDir === undefined;
    this.flavour = options.flavour;
    this.port = port;
    this.dataDir = dataDir;
    const inside = join(dataDir, "mysqld.sock");
    this.socket =
      inside.length <= LONGEST_SOCKET ? inside : join(tmpdir(), `freshet-mysql-${port}.sock`);
  }

  static async start(options: EmbeddedMysqlOptions): Promise<EmbeddedMysql> {
    const programs = await fetchPrograms(options.flavour);
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "freshet-mysql-")));
    const port = options.port ?? (await freePort());
    const server = new EmbeddedMysql(options, port, dataDir, programs);
    try {
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      const initialised = await stat(join(dataDir, "ibdata1")).catch(() => null);
      if (initialised === null) await createDataDirectory(options.flavour, programs, dataDir);
      await server.restart();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  url(database = "test", user = "root", password = ROOT_PASSWORD): string {
    const account = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
    return `mysql://${account}@127.0.0.1:${this.port}/${encodeURIComponent(database)}`;
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /** E.g. `9.7.4`. */
  get version(): string {
    return this.#programs.version;
  }

  /** Directory of runnable programs: the server, its clients and tools. */
  get binDir(): string {
    return this.#programs.binDir;
  }

  /** Path of the flavour's command line client, `mysql` or `mariadb`; runs as it is. */
  get client(): string {
    return join(this.binDir, this.flavour);
  }

  /** Path of the flavour's dump program, `mysqldump` or `mariadb-dump`; runs as it is. */
  get dumpClient(): string {
    return join(this.binDir, this.flavour === "mysql" ? "mysqldump" : "mariadb-dump");
  }

  /** First arguments for `client`, `dumpClient` and the other programs to connect as root. */
  get clientArgs(): readonly string[] {
    const { port } = this;
    return [
      "--no-defaults",
      ...["--host=127.0.0.1", `--port=${port}`, "--user=root", `--password=${ROOT_PASSWORD}`],
    ];
  }

  /** Starts the server, stopping it first when it runs. */
  async restart(): Promise<void> {
    await this.#end();
    const settings = {
      ...DEFAULT_SETTINGS,
      ...FLAVOUR_SETTINGS[this.flavour],
      ...this.#options.settings,
    };
    const removed = [...(this.#options.removeWhenKilled ?? [])];
    if (this.#temporary) removed.push(this.dataDir);
    this.#server = await ChildServer.start({
      command: join(this.binDir, this.flavour === "mysql" ? "mysqld" : "mariadbd"),
      args: [
        ...placeOptions(this.flavour, this.#programs, this.dataDir),
        ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
        `--port=${this.port}`,
        `--socket=${this.socket}`,
        `--pid-file=${join(this.dataDir, "mysqld.pid")}`,
      ],
      ready: "ready for connections",
      stopSignal: "SIGTERM",
      ...(this.#options.onLog === undefined ? {} : { onLog: this.#options.onLog }),
      removeWhenKilled: removed,
    });
  }

  /**
   * As a crash of the server: connections cut, nothing written. `restart` recovers what was
   * durable; for every committed transaction to be, set `innodb_flush_log_at_trx_commit` and
   * `sync_binlog` to 1.
   */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    // What is removed need not be written: MySQL takes more than a second to end in order.
    await this.#end(this.#temporary ? "SIGKILL" : undefined);
    if (this.#temporary) await rm(this.dataDir, { recursive: true, force: true });
  }

  async #end(signal?: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.end(signal);
  }
}
