import { type ChildProcess, spawn } from "node:child_process";

/** What a child said last, for the error message when it fails. */
const TAIL_CHARACTERS = 200_000;

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly account?: { readonly uid?: number; readonly gid?: number };
  /** Through what it learns that we are gone: an IPC channel, or the end of its standard input. */
  readonly tie: "channel" | "input";
  readonly onMessage?: (message: unknown) => void;
}

/** A child process that never outlives us, with what it printed. */
export class Child {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = "";

  constructor(command: string, args: readonly string[], options: ChildOptions) {
    const { tie } = options;
    this.#child = spawn(command, args, {
      stdio: tie === "channel" ? ["ignore", "pipe", "pipe", "ipc"] : ["pipe", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], ...options.env },
      cwd: "/",
      ...options.account,
    });
    if (options.onMessage !== undefined) this.#child.on("message", options.onMessage);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-TAIL_CHARACTERS);
      });
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", (error) => {
        this.#output += String(error);
        resolve();
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Asks it to end, and ends it by force after the limit. */
  async stop(limitMs: number): Promise<void> {
    if (!this.running) return;
    if (this.#child.stdin !== null) this.#child.stdin.end();
    else this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), limitMs);
    await this.#ended;
    clearTimeout(timer);
  }
}
