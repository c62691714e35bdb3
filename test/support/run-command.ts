import { type ChildProcess, spawn } from "node:child_process";

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onStart?: (child: ChildProcess) => void;
}

const NO_SETTINGS = { LC_ALL: "C", PSQLRC: "/dev/null", HOME: "/nonexistent" };

/** A program of the client's side, e.g. psql, with no settings of the machine's user. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...NO_SETTINGS, PATH: process.env["PATH"], ...options.env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    options.onStart?.(child);
  });
}

/** Stops at the first error. */
export function psql(url: string, input: string, ...args: string[]): Promise<CommandResult> {
  return runCommand("psql", ["-X", "-v", "ON_ERROR_STOP=1", ...args, url], { input });
}
