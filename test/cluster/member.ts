import { join } from "node:path";
import type { DialectName } from "@freshet/config";
import { LoggedProcess } from "../support/logged-process.ts";
import type { Place } from "./network.ts";

const MAIN = join(import.meta.dirname, "..", "..", "packages", "cli", "src", "main.ts");

export interface MemberOptions {
  readonly kind: "server" | "adapter";
  readonly name: string;
  readonly address: string;
  /** Where its clients (an adapter's) or its adapters (a server's) come in. */
  readonly ports: ReadonlyMap<DialectName, number>;
  readonly adminPort: number;
  /** Null: beside everything else on this machine's loopback. */
  readonly place: Place | null;
  /** After the role's word. */
  readonly args: readonly string[];
}

/** An adapter or a server of the deployment, as a process by itself. */
export class Member extends LoggedProcess {
  readonly options: MemberOptions;
  /** Stopped by SIGSTOP. */
  paused = false;

  constructor(options: MemberOptions) {
    super(`${options.address}:${options.adminPort}`);
    this.options = options;
  }

  get name(): string {
    return this.options.name;
  }

  /** The process before must have ended. */
  start(): void {
    const { kind, place, args } = this.options;
    const words = [...(place?.prefix ?? []), process.execPath, MAIN, kind, ...args];
    this.paused = false;
    this.launch(words[0]!, words.slice(1));
  }

  pause(): void {
    this.signal("SIGSTOP");
    this.paused = true;
  }

  continue(): void {
    this.signal("SIGCONT");
    this.paused = false;
  }

  /** Asks it to end in order; its exit code, or null when it had to be killed after the limit. */
  async term(limitMs = 60_000): Promise<number | null> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), limitMs);
    try {
      return await this.exit;
    } finally {
      clearTimeout(timer);
    }
  }

  async ready(timeoutMs = 60_000): Promise<void> {
    await this.until(async () => (await this.health("ready")).ok, timeoutMs);
  }

  /** Of this adapter alone, not balanced. */
  url(dialect: DialectName, upstreamUrl: string): string {
    return proxied(upstreamUrl, this.options.address, this.options.ports.get(dialect)!);
  }
}

/** The database at another address. */
export function proxied(upstreamUrl: string, address: string, port: number): string {
  const url = new URL(upstreamUrl);
  url.host = `${address}:${port}`;
  url.search = "";
  return url.href;
}
