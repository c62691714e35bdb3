import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { OracleClient, OracleDialect, OracleServer } from "./dialect.ts";
import { explainLast } from "./explain-last.ts";
import { inProcess, type Product, type StartProduct } from "./product.ts";

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
  readonly #startProduct: StartProduct;
  #product: Product | null = null;
  /** One at each of the product's addresses. */
  #controls: OracleClient[] = [];
  #marker: OracleClient | null = null;
  #mark = 0;
  #mayBeBuilding = false;

  private constructor(
    dialect: OracleDialect,
    server: OracleServer,
    database: string,
    memory: number,
    dir: string,
    startProduct: StartProduct,
  ) {
    this.dialect = dialect;
    this.#server = server;
    this.#database = database;
    this.#memoryLimitBytes = memory;
    this.#storageDir = dir;
    this.#startProduct = startProduct;
  }

  static async create(
    dialect: OracleDialect,
    server: OracleServer,
    memoryLimitBytes: number,
    startProduct: StartProduct = inProcess,
  ): Promise<Deployment> {
    const database = `oracle_${process.pid}_${nextDatabase}`;
    nextDatabase += 1;
    await dialect.createDatabase(server, database);
    const dir = await mkdtemp(join(tmpdir(), "freshet-oracle-"));
    const deployment = new Deployment(
      ...([dialect, server, database, memoryLimitBytes, dir, startProduct] as const),
    );
    const marker = await dialect.connect(deployment.upstreamUrl);
    await marker.run("CREATE TABLE oracle_mark (id int PRIMARY KEY, n int NOT NULL)");
    await marker.run("INSERT INTO oracle_mark VALUES (1, 0)");
    deployment.#marker = marker;
    return deployment;
  }

  get upstreamUrl(): string {
    return this.#server.url(this.#database);
  }

  /** Every one of them answers the same. */
  get proxyUrls(): readonly string[] {
    if (this.#product === null) throw new Error("not started");
    return this.#product.urls;
  }

  async start(): Promise<void> {
    this.#product = await this.#startProduct({
      upstreamUrl: this.upstreamUrl,
      storageDir: this.#storageDir,
      deployment: this.#database,
      memoryLimitBytes: this.#memoryLimitBytes,
    });
    this.#mayBeBuilding = true;
    for (const url of this.proxyUrls) this.#controls.push(await this.dialect.connect(url));
    await this.#controls[0]!.run(
      "CREATE CACHE IF NOT EXISTS mark FROM SELECT n FROM oracle_mark WHERE id = 1",
    );
  }

  async #stop(how: { readonly keepStorage?: boolean } = {}): Promise<void> {
    for (const control of this.#controls.splice(0)) await control.close();
    await this.#product?.stop(how);
    this.#product = null;
  }

  async restart(): Promise<void> {
    await this.#stop({ keepStorage: true });
    await this.start();
  }

  readonly diagnosis = (): string => this.#product?.diagnosis() ?? "not started";

  /** Tells that caches may be building again, so that settling waits for them. */
  expectRebuild(): void {
    this.#mayBeBuilding = true;
  }

  /**
   * Waits until cached answers show a commit made now, at every address: all earlier ones are
   * visible then. Returns what is wrong when that does not happen.
   */
  async settle(caches: number): Promise<string | null> {
    this.#mark += 1;
    await this.#marker!.run(`UPDATE oracle_mark SET n = ${this.#mark} WHERE id = 1`);
    const deadline = performance.now() + SETTLE_LIMIT_MS;
    for (const control of this.#controls) {
      const problem = await this.#awaitMark(control, deadline);
      if (problem !== null) return problem;
    }
    const rebuilt = performance.now() + (this.#mayBeBuilding ? REBUILD_LIMIT_MS : 500);
    this.#mayBeBuilding = false;
    for (const control of this.#controls) await this.#awaitCaches(control, caches, rebuilt);
    return null;
  }

  async #awaitMark(control: OracleClient, deadline: number): Promise<string | null> {
    for (;;) {
      const read = await control.run("SELECT n FROM oracle_mark WHERE id = 1");
      const { hit, reason } = await explainLast(control);
      if (hit && read.rows[0]?.[0] === String(this.#mark)) return null;
      if (performance.now() > deadline) {
        const how = this.diagnosis();
        return `a commit was not visible after ${SETTLE_LIMIT_MS} ms (${reason}; ${how})`;
      }
      await delay(2);
    }
  }

  async #awaitCaches(control: OracleClient, caches: number, deadline: number): Promise<void> {
    for (;;) {
      const { rows } = await control.run("SHOW CACHES");
      const ready = rows.filter((row) => row[3]?.startsWith("forwarded") !== true);
      // One more: the mark's own.
      if (ready.length > caches || performance.now() > deadline) return;
      await delay(10);
    }
  }

  async destroy(): Promise<void> {
    await this.#stop();
    await this.#marker?.close();
    await rm(this.#storageDir, { recursive: true, force: true });
    await this.dialect.dropDatabase(this.#server, this.#database);
  }
}
