import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startFreshet, type TestFreshet } from "../support/freshet.ts";
import type { OracleClient, OracleDialect, OracleServer } from "./dialect.ts";
import { explainLast } from "./explain-last.ts";

const SETTLE_LIMIT_MS = 20_000;
/** After a definition change or restart, caches are built again; some never can be. */
const REBUILD_LIMIT_MS = 3_000;

let nextDatabase = 1;

/** A database of its own in a shared server, and the product in front of it. */
export class Deployment {
  readonly dialect: OracleDialect;
  readonly #server: OracleServer;
  readonly #database: string;
  readonly #memoryLimitBytes: number;
  readonly #storageDir: string;
  #freshet: TestFreshet | null = null;
  #marker: OracleClient | null = null;
  #mark = 0;
  #mayBeBuilding = false;

  private constructor(
    dialect: OracleDialect,
    server: OracleServer,
    database: string,
    memory: number,
    dir: string,
  ) {
    this.dialect = dialect;
    this.#server = server;
    this.#database = database;
    this.#memoryLimitBytes = memory;
    this.#storageDir = dir;
  }

  static async create(
    dialect: OracleDialect,
    server: OracleServer,
    memoryLimitBytes: number,
  ): Promise<Deployment> {
    const database = `oracle_${process.pid}_${nextDatabase}`;
    nextDatabase += 1;
    await dialect.createDatabase(server, database);
    const dir = await mkdtemp(join(tmpdir(), "freshet-oracle-"));
    const deployment = new Deployment(dialect, server, database, memoryLimitBytes, dir);
    const marker = await dialect.connect(deployment.upstreamUrl);
    await marker.run("CREATE TABLE oracle_mark (id int PRIMARY KEY, n int NOT NULL)");
    await marker.run("INSERT INTO oracle_mark VALUES (1, 0)");
    deployment.#marker = marker;
    return deployment;
  }

  get upstreamUrl(): string {
    return this.#server.url(this.#database);
  }

  get proxyUrl(): string {
    if (this.#freshet === null) throw new Error("not started");
    return this.#freshet.url();
  }

  async start(): Promise<void> {
    this.#freshet = await startFreshet({
      upstreamUrl: this.upstreamUrl,
      storageDir: this.#storageDir,
      deployment: this.#database,
      memoryLimitBytes: this.#memoryLimitBytes,
    });
    this.#mayBeBuilding = true;
    const control = await this.dialect.connect(this.proxyUrl);
    await control.run(
      "CREATE CACHE IF NOT EXISTS mark FROM SELECT n FROM oracle_mark WHERE id = 1",
    );
    await control.close();
  }

  async restart(): Promise<void> {
    await this.#freshet?.stop({ keepStorage: true });
    this.#freshet = null;
    await this.start();
  }

  readonly diagnosis = (): string => {
    const status = this.#freshet?.engine.status();
    return `engine: ${JSON.stringify(status ?? null)}`;
  };

  /** Tells that caches may be building again, so that settling waits for them. */
  expectRebuild(): void {
    this.#mayBeBuilding = true;
  }

  /**
   * Waits until a cached answer shows a commit made now: all earlier ones are visible then.
   * Returns what is wrong when that does not happen.
   */
  async settle(control: OracleClient, caches: number): Promise<string | null> {
    this.#mark += 1;
    await this.#marker!.run(`UPDATE oracle_mark SET n = ${this.#mark} WHERE id = 1`);
    const deadline = performance.now() + SETTLE_LIMIT_MS;
    let reason = "";
    for (;;) {
      const read = await control.run("SELECT n FROM oracle_mark WHERE id = 1");
      const last = await explainLast(control);
      reason = last.reason;
      if (last.hit && read.rows[0]?.[0] === String(this.#mark)) break;
      if (performance.now() > deadline) {
        const error = this.#freshet?.engine.status().lastError ?? "";
        return `a commit was not visible after ${SETTLE_LIMIT_MS} ms (${reason}; ${error})`;
      }
      await delay(2);
    }
    await this.#awaitCaches(control, caches);
    return null;
  }

  async #awaitCaches(control: OracleClient, caches: number): Promise<void> {
    const deadline = performance.now() + (this.#mayBeBuilding ? REBUILD_LIMIT_MS : 500);
    this.#mayBeBuilding = false;
    for (;;) {
      const { rows } = await control.run("SHOW CACHES");
      const ready = rows.filter((row) => row[3]?.startsWith("forwarded") !== true);
      // One more: the mark's own.
      if (ready.length > caches || performance.now() > deadline) return;
      await delay(10);
    }
  }

  async destroy(): Promise<void> {
    await this.#freshet?.stop();
    await this.#marker?.close();
    await rm(this.#storageDir, { recursive: true, force: true });
    await this.dialect.dropDatabase(this.#server, this.#database);
  }
}
