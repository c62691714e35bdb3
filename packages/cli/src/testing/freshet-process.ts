import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { freePort } from "../demo/embedded-postgres.ts";

const bin = join(import.meta.dirname, "..", "..", "bin", "freshet.js");

/** The command as a child process, with ports and a storage directory of its own. */
export class FreshetProcess {
  readonly port: number;
  readonly metricsPort: number;
  readonly storageDir: string;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;
  #output = "";

  private constructor(args: readonly string[], port: number, metricsPort: number, dir: string) {
    this.port = port;
    this.metricsPort = metricsPort;
    this.storageDir = dir;
    const defaults = {
      "--address": `127.0.0.1:${port}`,
      "--metrics-address": `127.0.0.1:${metricsPort}`,
      "--storage-dir": dir,
    };
    const options = Object.entries(defaults)
      .filter(([name]) => !args.some((arg) => arg.startsWith(`${name}=`)))
      .map(([name, value]) => `${name}=${value}`);
    this.#child = spawn(process.execPath, [bin, ...options, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
    this.#exit = new Promise((resolve) => this.#child.once("close", resolve));
  }

  static async start(...args: string[]): Promise<FreshetProcess> {
    const storageDir = await mkdtemp(join(tmpdir(), "freshet-store-"));
    return new FreshetProcess(args, await freePort(), await freePort(), storageDir);
  }

  /** Both streams, in the order they arrived. */
  get output(): string {
    return this.#output;
  }

  /** The exit code, once the process has ended. */
  get exit(): Promise<number | null> {
    return this.#exit;
  }

  get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.metricsPort}${path}`);
  }

  /** Until clients are served; a process that ended instead fails with what it said. */
  async ready(): Promise<void> {
    await vi.waitFor(
      async () => expect((await this.get("/health/ready")).status, this.output).toBe(200),
      { timeout: 60_000, interval: 50 },
    );
  }

  /** Until clients are served and the engine follows its database. */
  async following(): Promise<void> {
    await this.ready();
    await vi.waitFor(() => expect(this.output).toContain("following the database"), 60_000);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends the process by force if it still runs, and removes its storage. */
  async dispose(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
    await rm(this.storageDir, { recursive: true, force: true });
  }
}
