import { type ChildProcess, spawn } from "node:child_process";
import { type Socket, createServer } from "node:net";

/**
 * Waits for the end of our process, which closes its standard input, and then stops the server
 * and removes directories: even SIGKILL leaves nothing running. `$1` is the server's pid, `$2`
 * the signal that stops it in order.
 */
const GUARD = [
  "read -r _",
  "pid=$1",
  'kill -s "$2" "$pid" || exit 0',
  "n=0",
  'while kill -0 "$pid" && [ "$n" -lt 100 ]; do sleep 0.1; n=$((n + 1)); done',
  'kill -s KILL "$pid"',
  "shift 2",
  'rm -rf -- "$@"',
].join("\n");

export interface ChildServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The account it runs under; ours when absent. */
  readonly uid?: number;
  readonly gid?: number;
  /** What it writes to standard error when it accepts connections. */
  readonly ready: string;
  /** Ends it in order, without waiting for its clients. */
  readonly stopSignal: NodeJS.Signals;
  readonly onLog?: (line: string) => void;
  /** Removed when our process is killed. */
  readonly removeWhenKilled: readonly string[];
}

/** A database server as our child process; it never outlives us. */
export class ChildServer {
  readonly #child: ChildProcess;
  readonly #guard: ChildProcess | null;
  readonly #stopSignal: NodeJS.Signals;

  private constructor(child: ChildProcess, guard: ChildProcess | null, signal: NodeJS.Signals) {
    this.#child = child;
    this.#guard = guard;
    this.#stopSignal = signal;
  }

  /** Resolves once it accepts connections; rejects, with the end of its log, when it ends first. */
  static async start(options: ChildServerOptions): Promise<ChildServer> {
    const { uid, gid } = options;
    const child = spawn(options.command, options.args, {
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe"],
      // Own process group: a Ctrl-C in the terminal reaches us first, and we stop it in order.
      detached: true,
    });
    const guard = startGuard(child.pid, options.stopSignal, options.removeWhenKilled);
    try {
      await ready(child, options);
    } catch (error) {
      guard?.kill("SIGKILL");
      throw error;
    }
    return new ChildServer(child, guard, options.stopSignal);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it: in order without a signal, at once with one. */
  async end(signal: NodeJS.Signals = this.#stopSignal): Promise<void> {
    // First, so that it never signals a pid that has become somebody else's.
    this.#guard?.kill("SIGKILL");
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    await ended;
  }
}

async function ready(child: ChildProcess, options: ChildServerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let tail = "";
    let rest = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      tail = (tail + text).slice(-4000);
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") options.onLog?.(line);
      if (tail.includes(options.ready)) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`${options.command} ended with code ${code}: ${tail}`));
    });
  });
}

function startGuard(
  pid: number | undefined,
  signal: NodeJS.Signals,
  directories: readonly string[],
): ChildProcess | null {
  if (pid === undefined) return null;
  const args = ["-c", GUARD, "sh", String(pid), signal.slice("SIG".length), ...directories];
  const guard = spawn("/bin/sh", args, {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  // Without a guard the server still ends with `end`.
  guard.on("error", () => undefined);
  guard.stdin.on("error", () => undefined);
  guard.unref();
  (guard.stdin as Socket).unref();
  return guard;
}

export async function freePort(): Promise<number> {
  return tryPort(0);
}

/** The first free port of 127.0.0.1 from this one on, so that it is mostly the same. */
export async function freePortFrom(first: number): Promise<number> {
  for (let port = first; port < first + 100; port += 1) {
    try {
      return await tryPort(port);
    } catch {
      // Taken: the next one.
    }
  }
  return freePort();
}

async function tryPort(wanted: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
