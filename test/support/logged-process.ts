import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** More lines are of no use to anybody, and a run of hours must not fill the memory. */
const KEPT_LINES = 20_000;

/**
 * A process of ours that logs JSON and has an admin address, which can be signalled and started
 * again. Its log is kept over all runs.
 */
export class LoggedProcess {
  readonly log: LogLine[] = [];
  /** `host:port` of /metrics and /health. */
  readonly adminAddress: string;
  readonly #watchers = new Set<(line: LogLine) => void>();
  #child: ChildProcess | null = null;
  #exit: Promise<number | null> = Promise.resolve(null);
  /** What was written that is not a log line, e.g. the one sentence of a refusal. */
  #plain = "";

  constructor(adminAddress: string) {
    this.adminAddress = adminAddress;
  }

  /** The process before must have ended. */
  protected launch(command: string, args: readonly string[]): void {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] },
    });
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
      this.#plain = `${this.#plain}${text}\n`.slice(-20_000);
      return;
    }
    const line = JSON.parse(text) as LogLine;
    this.log.push(line);
    if (this.log.length > 2 * KEPT_LINES) this.log.splice(0, KEPT_LINES);
    for (const watcher of this.#watchers) watcher(line);
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

  /** The log's end and everything else that was written, for a failure's message. */
  get said(): string {
    const lines = this.log.slice(-30).map((line) => `${JSON.stringify(line)}\n`);
    return this.#plain + lines.join("");
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
    const response = await fetch(`http://${this.adminAddress}/metrics`, {
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
    return fetch(`http://${this.adminAddress}/health/${path}`, {
      signal: AbortSignal.timeout(5_000),
    });
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
}
