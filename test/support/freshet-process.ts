import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@freshet/cli/embedded-postgres";
import { query } from "./database.ts";
import { mysqlQuery } from "./mysql-database.ts";

const main = join(import.meta.dirname, "..", "..", "packages", "cli", "src", "main.ts");

export interface FreshetProcessOptions {
  readonly upstreamUrl: string;
  readonly deployment: string;
  /** Kept by `dispose` when given; otherwise a temporary directory that `dispose` removes. */
  readonly storageDir?: string;
  readonly args?: readonly string[];
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/**
 * The real command in combined mode, which can be killed and started again on the same ports and
 * the same storage directory. Its log is kept over all runs.
 */
export class FreshetProcess {
  readonly port: number;
  readonly metricsPort: number;
  readonly storageDir: string;
  readonly log: LogLine[] = [];
  readonly #options: FreshetProcessOptions;
  readonly #watchers = new Set<(line: LogLine) => void>();
  #child: ChildProcess | null = null;
  #exit: Promise<number | null> = Promise.resolve(null);
  /** What was written that is not a log line, e.g. the one sentence of a refusal. */
  #plain = "";

  private constructor(
    options: FreshetProcessOptions,
    ports: readonly [number, number],
    dir: string,
  ) {
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
    const child = spawn(
      process.execPath,
      [
        ...[main, "--upstream-db-url", upstreamUrl, "--deployment", deployment],
        ...["--address", `127.0.0.1:${this.port}`],
        ...["--metrics-address", `127.0.0.1:${this.metricsPort}`],
        ...["--storage-dir", this.storageDir, "--log-format", "json", "--adapter-threads", "2"],
        ...args,
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"] } },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) this.#read(stream);
    this.#exit = new Promise((resolve) => child.once("close", resolve));
  }

  #read(stream: NodeJS.ReadableStream): void {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    });
    stream.on("end", () => {
      if (rest !== "") this.#take(rest);
    });
  }

  #take(text: string): void {
    if (!text.startsWith("{")) {
      this.#plain += `${text}\n`;
      return;
    }
    const line = JSON.parse(text) as LogLine;
    this.log.push(line);
    for (const watcher of this.#watchers) watcher(line);
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

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get exit(): Promise<number | null> {
    return this.#exit;
  }

  get running(): boolean {
    const child = this.#child;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  /** The log and everything else that was written, for a failure's message. */
  get said(): string {
    return (
      this.#plain +
      this.log
        .slice(-30)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join("")
    );
  }

  /** The log from one line on: `mark` is an earlier `log.length`. */
  logged(msg: string | RegExp, mark = 0): LogLine[] {
    return this.log.slice(mark).filter((line) => {
      return typeof msg === "string" ? line.msg === msg : msg.test(line.msg);
    });
  }

  onLog(watcher: (line: LogLine) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Until it answers from caches, by its own account. */
  async following(timeoutMs = 60_000): Promise<void> {
    const databases = [this.#options.upstreamUrl, ...(this.#options.args ?? [])].filter((text) =>
      text.includes("://"),
    ).length;
    await this.until(async () => {
      const serving = (await this.metrics()).match(/^freshet_serving(\{.*\})? 1$/gm);
      return serving?.length === databases;
    }, timeoutMs);
  }

  /** Until clients get answers, be it forwarded ones. */
  async answering(timeoutMs = 60_000): Promise<void> {
    const ask = this.url().startsWith("mysql:") ? mysqlQuery : query;
    await this.until(async () => (await ask(this.url(), "SELECT 1")).length === 1, timeoutMs);
  }

  async until(condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let problem = "";
    for (;;) {
      try {
        if (await condition()) return;
      } catch (error) {
        problem = String(error);
      }
      if (!this.running) throw new Error(`the process ended: ${this.said}`);
      if (performance.now() > deadline) {
        throw new Error(`not within ${timeoutMs} ms (${problem}): ${this.said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`, {
      signal: AbortSignal.timeout(5_000),
    });
    return response.text();
  }

  /** The sum over all labels that contain `label`; 0 when there is none. */
  async metric(name: string, label = ""): Promise<number> {
    let sum = 0;
    for (const line of (await this.metrics()).split("\n")) {
      const [, found, labels = "", value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? [];
      if (found === name && labels.includes(label)) sum += Number(value);
    }
    return sum;
  }

  health(path: "live" | "ready"): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.metricsPort}/health/${path}`);
  }

  /** Resident memory in bytes, as the kernel counts it. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async openFiles(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#exit;
  }

  /** Ends the process by force if it still runs, and removes a storage directory of its own. */
  async dispose(): Promise<void> {
    await this.kill();
    if (this.#options.storageDir === undefined) {
      await rm(this.storageDir, { recursive: true, force: true });
    }
  }
}
