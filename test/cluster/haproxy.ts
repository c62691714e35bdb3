import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchPrograms } from "@freshet/cli/embedded-mysql";
import type { DialectName } from "@freshet/config";
import { eventually } from "../support/eventually.ts";
import { portToKeep } from "./ports.ts";

export interface Backend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** `host:port` that answers /health/ready. */
  readonly adminAddress: string;
}

/**
 * Balances TCP over the adapters whose /health/ready says yes, one listener for each protocol. A
 * session stays where it is when its adapter stops being ready: draining is the adapter's affair.
 */
export class Haproxy {
  readonly ports: ReadonlyMap<DialectName, number>;
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #dir: string;

  private constructor(ports: ReadonlyMap<DialectName, number>, child: ChildProcess, dir: string) {
    this.ports = ports;
    this.#child = child;
    this.#dir = dir;
    this.#exit = new Promise((resolve) => child.once("close", resolve));
  }

  static async start(backends: ReadonlyMap<DialectName, readonly Backend[]>): Promise<Haproxy> {
    const { binDir } = await fetchPrograms("haproxy");
    const dir = await mkdtemp(join(tmpdir(), "freshet-haproxy-"));
    const ports = new Map<DialectName, number>();
    for (const dialect of backends.keys()) ports.set(dialect, await portToKeep());
    const file = join(dir, "haproxy.cfg");
    await writeFile(file, configuration(backends, ports));
    const child = spawn(join(binDir, "haproxy"), ["-db", "-f", file], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4_000);
    });
    const made = new Haproxy(ports, child, dir);
    try {
      for (const port of ports.values()) {
        await eventually(async () => {
          if (child.exitCode !== null) return;
          await reach(port);
        }, 10_000);
      }
      if (child.exitCode !== null) throw new Error(`haproxy ended: ${said}`);
    } catch (error) {
      await made.stop();
      throw error;
    }
    return made;
  }

  port(dialect: DialectName): number {
    const port = this.ports.get(dialect);
    if (port === undefined) throw new Error(`haproxy does not serve ${dialect}`);
    return port;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
    await rm(this.#dir, { recursive: true, force: true });
  }
}

function configuration(
  backends: ReadonlyMap<DialectName, readonly Backend[]>,
  ports: ReadonlyMap<DialectName, number>,
): string {
  const sections = [...backends].map(([dialect, servers]) => [
    `listen ${dialect}`,
    `  bind 127.0.0.1:${ports.get(dialect)}`,
    "  balance roundrobin",
    "  option httpchk GET /health/ready",
    ...servers.map(({ name, address, port, adminAddress }) => {
      const [host, adminPort] = adminAddress.split(":");
      const check = `check addr ${host} port ${adminPort} inter 300ms fastinter 100ms fall 2 rise 1`;
      return `  server ${name} ${address}:${port} ${check}`;
    }),
  ]);
  return [
    "global",
    "  maxconn 4000",
    "defaults",
    "  mode tcp",
    // An adapter that ends between two checks refuses: the connection goes to another one.
    "  option redispatch 1",
    "  retries 5",
    "  timeout connect 1s",
    "  timeout check 2s",
    "  timeout queue 10s",
    "  timeout client 1h",
    "  timeout server 1h",
    ...sections.flat(),
    "",
  ].join("\n");
}

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}
