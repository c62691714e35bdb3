import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ChildServer, freePort } from "./child-server.ts";
import { type ConsulCertificates, createConsulCertificates } from "./consul-certificates.ts";
import { isConsulReady } from "./consul-probe.ts";
import { fetchPrograms } from "./mysql-programs.ts";

export type { ConsulCertificates } from "./consul-certificates.ts";
export { fetchPrograms, haveProgram } from "./mysql-programs.ts";

export interface EmbeddedConsulOptions {
  /** Kept between runs when given; a temporary directory otherwise, removed by `stop`. */
  readonly dataDir?: string;
  /** Of its HTTP (or HTTPS) interface. */
  readonly port?: number;
  /** Everything is denied without a token; `token` may do everything. */
  readonly acl?: boolean;
  /** HTTPS only, and only for clients with a certificate of `certificates`. */
  readonly tls?: boolean;
  /** The least session TTL that it accepts; Consul's own default is 10 s. */
  readonly sessionTtlMinMs?: number;
  /** More of its configuration, in the form of its configuration files. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly onLog?: (line: string) => void;
}

interface Ports {
  readonly api: number;
  readonly serf: number;
  readonly rpc: number;
}

const READY_WITHIN_MS = 30_000;

/**
 * A real Consul, one server, as a child process with all its ports on 127.0.0.1. Its data
 * outlives `restart`, also after `kill`. The child never outlives `stop`, nor us. The first use
 * on a machine downloads it; see `fetchPrograms`.
 */
export class EmbeddedConsul {
  readonly port: number;
  /** Management token; empty without `acl`. */
  readonly token: string;
  /** Present with `tls`. */
  readonly certificates: ConsulCertificates | null;
  readonly #options: EmbeddedConsulOptions;
  readonly #command: string;
  readonly #home: string;
  readonly #ports: Ports;
  #server: ChildServer | null = null;

  private constructor(
    options: EmbeddedConsulOptions,
    command: string,
    home: string,
    ports: Ports,
    certificates: ConsulCertificates | null,
  ) {
    this.#options = options;
    this.#command = command;
    this.#home = home;
    this.#ports = ports;
    this.port = ports.api;
    this.token = options.acl === true ? randomUUID() : "";
    this.certificates = certificates;
  }

  static async start(options: EmbeddedConsulOptions = {}): Promise<EmbeddedConsul> {
    const command = join((await fetchPrograms("consul")).binDir, "consul");
    const home = options.dataDir ?? (await mkdtemp(join(tmpdir(), "freshet-consul-")));
    try {
      await mkdir(home, { recursive: true, mode: 0o700 });
      const certificates =
        options.tls === true ? await createConsulCertificates(command, join(home, "tls")) : null;
      const ports = {
        api: options.port ?? (await freePort()),
        serf: await freePort(),
        rpc: await freePort(),
      };
      const consul = new EmbeddedConsul(options, command, home, ports, certificates);
      await consul.restart();
      return consul;
    } catch (error) {
      if (options.dataDir === undefined) await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** `127.0.0.1:port`, or `https://127.0.0.1:port` with TLS, as `--authority-address` takes it. */
  get address(): string {
    return `${this.certificates === null ? "" : "https://"}127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /**
   * Starts it on its ports, stopping it first when it runs; resolves when it answers. Its data is
   * as it was, unless it is to lose all of it.
   */
  async restart({ losingData = false } = {}): Promise<void> {
    await this.#end();
    if (losingData) await rm(this.#dataDir, { recursive: true, force: true });
    const file = join(this.#home, "consul.json");
    await writeFile(file, JSON.stringify({ ...this.#settings(), ...this.#options.settings }));
    const { onLog } = this.#options;
    this.#server = await ChildServer.start({
      command: "/bin/sh",
      // It writes its log to standard output.
      args: ["-c", `exec "$0" "$@" 1>&2`, this.#command, "agent", `-config-file=${file}`],
      ready: "Starting Consul agent",
      stopSignal: "SIGTERM",
      ...(onLog === undefined ? {} : { onLog }),
      removeWhenKilled: this.#temporary ? [this.#home] : [],
    });
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await isConsulReady(this.port, this.token, this.certificates))) {
      if (performance.now() > deadline) {
        await this.kill();
        throw new Error(`Consul was not ready within ${READY_WITHIN_MS} ms`);
      }
      await delay(50);
    }
  }

  /** Connections stay open and nothing is answered, until `resume`. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  /** As a crash of the machine: connections are cut. `restart` brings it back with its data. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGKILL");
    if (this.#temporary) await rm(this.#home, { recursive: true, force: true });
  }

  get #temporary(): boolean {
    return this.#options.dataDir === undefined;
  }

  get #dataDir(): string {
    return join(this.#home, "data");
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.pid;
    if (pid !== undefined) process.kill(pid, signal);
  }

  async #end(signal?: NodeJS.Signals): Promise<void> {
    // One that is paused would never see the request to stop.
    this.resume();
    const server = this.#server;
    this.#server = null;
    await server?.end(signal);
  }

  #settings(): Readonly<Record<string, unknown>> {
    const { api, serf, rpc } = this.#ports;
    const files = this.certificates;
    return {
      server: true,
      bootstrap_expect: 1,
      data_dir: this.#dataDir,
      node_name: "consul",
      bind_addr: "127.0.0.1",
      client_addr: "127.0.0.1",
      ports: {
        ...{ dns: -1, grpc: -1, serf_wan: -1, serf_lan: serf, server: rpc },
        http: files === null ? api : -1,
        https: files === null ? -1 : api,
      },
      disable_update_check: true,
      log_level: "INFO",
      session_ttl_min: `${this.#options.sessionTtlMinMs ?? 1_000}ms`,
      // It elects itself within a second or two.
      performance: { raft_multiplier: 1 },
      ...(this.#options.acl === true
        ? {
            acl: {
              enabled: true,
              default_policy: "deny",
              tokens: { master: this.token, agent: this.token },
            },
          }
        : {}),
      ...(files === null
        ? {}
        : {
            ca_file: files.ca,
            cert_file: files.serverCert,
            key_file: files.serverKey,
            verify_incoming_https: true,
          }),
    };
  }
}
