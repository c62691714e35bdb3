import { join } from "node:path";
import type { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { type CommandOptions, type CommandResult, runCommand } from "./run-command.ts";

/**
 * The programs of the client's side: the command line client, the dump program and others of the
 * flavour, at whatever listens on `port`.
 */
export class MysqlCommand {
  readonly #upstream: EmbeddedMysql;
  readonly #port: number;

  constructor(upstream: EmbeddedMysql, port: number) {
    this.#upstream = upstream;
    this.#port = port;
  }

  get connectionArgs(): readonly string[] {
    const port = String(this.#upstream.port);
    return this.#upstream.clientArgs.map((arg) =>
      arg.startsWith("--port=") ? arg.replace(port, String(this.#port)) : arg,
    );
  }

  /** `input` is fed to the command line client, which goes on after errors. */
  run(input: string, ...args: readonly string[]): Promise<CommandResult> {
    return this.client(["--force", "-vvv", "--column-type-info", ...args, "test"], { input });
  }

  client(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const all = [...this.connectionArgs, "--default-character-set=utf8mb4", ...args];
    return said(runCommand(this.#upstream.client, all, options));
  }

  dump(...args: readonly string[]): Promise<CommandResult> {
    return said(runCommand(this.#upstream.dumpClient, [...this.connectionArgs, ...args]));
  }

  program(name: string, ...args: readonly string[]): Promise<CommandResult> {
    return said(runCommand(join(this.#upstream.binDir, name), [...this.connectionArgs, ...args]));
  }
}

/** What was said but for how long it took, and the words on passwords in arguments. */
async function said(running: Promise<CommandResult>): Promise<CommandResult> {
  const { code, stdout, stderr } = await running;
  const withoutTimes = stdout.replace(/\((\d+ min )?\d+\.\d+ sec\)/g, "(time)");
  return { code, stdout: withoutTimes, stderr: stderr.replace(/^.*\[Warning\] Using a.*\n/gm, "") };
}
