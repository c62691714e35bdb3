import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@freshet/cli/embedded-postgres";
import { query } from "./database.ts";
import { LoggedProcess } from "./logged-process.ts";
import { mysqlQuery } from "./mysql-database.ts";

export type { LogLine } from "./logged-process.ts";

const main = join(import.meta.dirname, "..", "..", "packages", "cli", "src", "main.ts");

export interface FreshetProcessOptions {
  readonly upstreamUrl: string;
  readonly deployment: string;
  /** Kept by `dispose` when given; otherwise a temporary directory that `dispose` removes. */
  readonly storageDir?: string;
  readonly args?: readonly string[];
}

/**
 * The real command in combined mode, which can be killed and started again on the same ports and
 * the same storage directory. Its log is kept over all runs.
 */
export class FreshetProcess extends LoggedProcess {
  readonly port: number;
  readonly metricsPort: number;
  readonly storageDir: string;
  readonly #options: FreshetProcessOptions;

  private constructor(
    options: FreshetProcessOptions,
    ports: readonly [number, number],
    dir: string,
  ) {
    super(`127.0.0.1:${ports[1]}`);
    this.#options = options;
    [this.port, this.metricsPort] = ports;
    this.storageDir = dir;
  }

  /** Started and serving from its caches. */
  static async start(options: FreshetProcessOptions): Promise<FreshetProcess> {
    const made = await FreshetProcess.spawn(options);
    try {
      await made.following();
    } catch (error) {
      await made.dispose();
      throw error;
    }
    return made;
  }

  /** Started, whatever becomes of it. */
  static async spawn(options: FreshetProcessOptions): Promise<FreshetProcess> {
    const dir = options.storageDir ?? (await mkdtemp(join(tmpdir(), "freshet-store-")));
    const made = new FreshetProcess(options, [await freePort(), await freePort()], dir);
    made.restart();
    return made;
  }

  /** The process must have ended. */
  restart(): void {
    const { upstreamUrl, deployment, args = [] } = this.#options;
    this.launch(process.execPath, [
      ...[main, "--upstream-db-url", upstreamUrl, "--deployment", deployment],
      ...["--address", `127.0.0.1:${this.port}`],
      ...["--metrics-address", this.adminAddress],
      ...["--storage-dir", this.storageDir, "--log-format", "json", "--adapter-threads", "2"],
      ...args,
    ]);
  }

  /** `database` defaults to the upstream URL's. */
  url(user?: string, password?: string): string {
    const url = new URL(this.#options.upstreamUrl);
    url.host = `127.0.0.1:${this.port}`;
    // How we reach the database is nothing of its clients.
    url.search = "";
    if (user !== undefined) url.username = user;
    if (password !== undefined) url.password = password;
    return url.href;
  }

  /** Until it answers from caches, by its own account. */
  async following(timeoutMs = 60_000): Promise<void> {
    const databases = [this.#options.upstreamUrl, ...(this.#options.args ?? [])].filter((text) =>
      text.includes("://"),
    ).length;
    await this.until(async () => {
      const serving = (await this.metrics()).match(/^freshet_serving(\{.*\})? 1$/gm);
      // An engine may be faster than the threads that clients connect to.
      return serving?.length === databases && (await this.health("ready")).ok;
    }, timeoutMs);
  }

  /** Until clients get answers, be it forwarded ones. */
  async answering(timeoutMs = 60_000): Promise<void> {
    const ask = this.url().startsWith("mysql:") ? mysqlQuery : query;
    await this.until(async () => (await ask(this.url(), "SELECT 1")).length === 1, timeoutMs);
  }

  /** Ends the process by force if it still runs, and removes a storage directory of its own. */
  async dispose(): Promise<void> {
    await this.kill();
    if (this.#options.storageDir === undefined) {
      await rm(this.storageDir, { recursive: true, force: true });
    }
  }
}
