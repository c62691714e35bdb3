import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** `server-process.ts` as a child, and the names of what it was told, e.g. `elected`. */
export class SpawnedServer {
  readonly events: string[] = [];
  readonly #child: ChildProcess;

  constructor(address: string, deployment: string, name: string) {
    const script = fileURLToPath(new URL("server-process.ts", import.meta.url));
    this.#child = spawn(process.execPath, [script, address, deployment, name], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (this.#child.stdout === null) throw new Error("no standard output");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.events.push((JSON.parse(line) as { event: string }).event);
    });
  }

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
