import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DialectName } from "@freshet/config";
import { must } from "@freshet/util";
import { eventually } from "../support/eventually.ts";
import type { Backend } from "./haproxy.ts";
import { leaderLock } from "./leader-lock.ts";
import { Member } from "./member.ts";
import { ask } from "./ask.ts";
import type { Network, Place } from "./network.ts";
import { portToKeep } from "./ports.ts";

export interface ClusterOptions {
  readonly deployment: string;
  /** As the members reach them; the first one's dialect is the first everywhere. */
  readonly upstreamUrls: ReadonlyMap<DialectName, string>;
  /** `host:port` as the members reach it. */
  readonly consulAddress: string;
  /** `host:port` as we reach it. */
  readonly consulHere?: string;
  readonly adapters?: number;
  readonly servers?: number;
  /** Each member in a namespace of its own. */
  readonly network?: Network | null;
  readonly serverArgs?: readonly string[];
  readonly adapterArgs?: readonly string[];
  /** Kept by `stop`; a temporary one when left out. */
  readonly storageDir?: string;
}

export const RPC_SECRET = "kept between servers and adapters";
/** Every thread compiles the sources for itself, which takes long on a busy machine. */
export const START_LIMIT_MS = 180_000;
/** HAProxy notices in less. */
const DRAIN_DELAY = "1s";

/**
 * Servers `s1`, `s2`… and adapters `a1`, `a2`… of one deployment, each a process with a name, ports
 * and storage of its own that it keeps over restarts.
 */
export class Cluster {
  readonly options: ClusterOptions;
  readonly servers: Member[] = [];
  readonly adapters: Member[] = [];
  readonly #storageDir: string;

  private constructor(options: ClusterOptions, storageDir: string) {
    this.options = options;
    this.#storageDir = storageDir;
  }

  /** Started, whatever becomes of it; see `ready`. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const storageDir = options.storageDir ?? (await mkdtemp(join(tmpdir(), "freshet-cluster-")));
    const cluster = new Cluster(options, storageDir);
    try {
      for (let n = 1; n <= (options.servers ?? 2); n += 1) await cluster.addServer(`s${n}`);
      for (let n = 1; n <= (options.adapters ?? 3); n += 1) await cluster.addAdapter(`a${n}`);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async addServer(name: string, args: readonly string[] = []): Promise<Member> {
    const { place, address, ports, adminPort } = await this.#whereabouts(name);
    const listen = [...ports.values()].flatMap((port) => ["--rpc-address", `${address}:${port}`]);
    const member = new Member({
      ...{ kind: "server", name, place, address, ports, adminPort },
      args: [
        ...this.#commonArgs(name, address, adminPort),
        ...listen,
        ...["--advertise-host", address, "--storage-dir", join(this.#storageDir, name)],
        ...(this.options.serverArgs ?? []),
        ...args,
      ],
    });
    this.servers.push(member);
    member.start();
    return member;
  }

  async addAdapter(name: string, args: readonly string[] = []): Promise<Member> {
    const { place, address, ports, adminPort } = await this.#whereabouts(name);
    const listen = [...ports.values()].flatMap((port) => ["--address", `${address}:${port}`]);
    const member = new Member({
      ...{ kind: "adapter", name, place, address, ports, adminPort },
      args: [
        ...this.#commonArgs(name, address, adminPort),
        ...listen,
        ...["--adapter-threads", "1"],
        ...(this.options.adapterArgs ?? ["--drain-delay", DRAIN_DELAY]),
        ...args,
      ],
    });
    this.adapters.push(member);
    member.start();
    return member;
  }

  async #whereabouts(name: string): Promise<{
    place: Place | null;
    address: string;
    ports: Map<DialectName, number>;
    adminPort: number;
  }> {
    const place = (await this.options.network?.place(name)) ?? null;
    const ports = new Map<DialectName, number>();
    for (const dialect of this.dialects) ports.set(dialect, await portToKeep());
    return { place, address: place?.address ?? "127.0.0.1", ports, adminPort: await portToKeep() };
  }

  #commonArgs(name: string, address: string, adminPort: number): readonly string[] {
    const { deployment, upstreamUrls, consulAddress } = this.options;
    return [
      ...[...upstreamUrls.values()].flatMap((url) => ["--upstream-db-url", url]),
      ...["--authority", "consul", "--authority-address", consulAddress],
      ...["--deployment", deployment, "--member-name", name, "--rpc-secret", RPC_SECRET],
      ...["--metrics-address", `${address}:${adminPort}`, "--log-format", "json"],
    ];
  }

  get dialects(): readonly DialectName[] {
    return [...this.options.upstreamUrls.keys()];
  }

  get members(): readonly Member[] {
    return [...this.servers, ...this.adapters];
  }

  member(name: string): Member {
    return must(
      this.members.find((member) => member.name === name),
      `there is a member ${name}`,
    );
  }

  /** The database behind one adapter. */
  url(adapter: Member, dialect: DialectName): string {
    return adapter.url(dialect, must(this.options.upstreamUrls.get(dialect), dialect));
  }

  backends(): ReadonlyMap<DialectName, readonly Backend[]> {
    return new Map(
      this.dialects.map((dialect) => [
        dialect,
        this.adapters.map(({ name, options, adminAddress }) => ({
          ...{ name, address: options.address, port: options.ports.get(dialect)!, adminAddress },
        })),
      ]),
    );
  }

  /** Until every member that runs is ready, by its own account, and a server leads. */
  async ready(timeoutMs = START_LIMIT_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (const member of this.members) {
      if (member.running && !member.paused) await member.ready(deadline - performance.now());
    }
    await this.untilLed(deadline - performance.now());
  }

  /** Until every adapter that runs is linked to the leader, which answers this statement. */
  async linked(timeoutMs = 60_000): Promise<void> {
    const running = this.adapters.filter((adapter) => adapter.running && !adapter.paused);
    for (const url of running.flatMap((each) =>
      this.dialects.map((name) => this.url(each, name)),
    )) {
      await eventually(() => ask(url, "SHOW CACHES"), timeoutMs);
    }
  }

  /** The server that holds the lock, by what stands in Consul; null when nobody does. */
  async leader(): Promise<Member | null> {
    const { consulAddress, consulHere = consulAddress, deployment } = this.options;
    const lock = await leaderLock(consulHere, deployment);
    return lock === null ? null : this.member(lock.name);
  }

  /** Until a server other than `not` leads, and runs. */
  async untilLed(timeoutMs = 60_000, not: Member | null = null): Promise<Member> {
    return eventually(async () => {
      const leader = await this.leader();
      if (leader === null || leader === not) {
        throw new Error(`${leader?.name ?? "nobody"} leads: ${this.said(this.servers)}`);
      }
      return leader;
    }, timeoutMs);
  }

  /** What members logged last, for a failure's message. */
  said(members: readonly Member[] = this.members): string {
    return members.map((member) => `--- ${member.name}\n${member.said}`).join("");
  }

  /** Ends every process by force and removes what they stored. */
  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    if (this.options.storageDir !== undefined) return;
    await rm(this.#storageDir, { recursive: true, force: true });
  }
}
