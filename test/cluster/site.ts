import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedConsul } from "@freshet/cli/embedded-consul";
import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import type { DialectName } from "@freshet/config";
import { must } from "@freshet/util";
import { Cluster } from "./cluster.ts";
import { Haproxy } from "./haproxy.ts";
import { proxied } from "./member.ts";
import { Network } from "./network.ts";
import { Relay } from "./relay.ts";

export interface SiteOptions {
  readonly dialects?: readonly DialectName[];
  readonly adapters?: number;
  readonly servers?: number;
  /** Members in network namespaces of their own. */
  readonly namespaces?: boolean;
  readonly haproxy?: boolean;
  /** Commits outlive a crash of the database, which makes them dearer. */
  readonly durable?: boolean;
  readonly serverArgs?: readonly string[];
  readonly adapterArgs?: readonly string[];
}

/** Consul, databases, servers, adapters and a load balancer: a whole deployment on one machine. */
export class Site {
  readonly cluster: Cluster;
  readonly consul: EmbeddedConsul;
  readonly postgres: EmbeddedPostgres | null;
  readonly mysql: EmbeddedMysql | null;
  readonly haproxy: Haproxy | null;
  readonly network: Network | null;
  readonly #stop: () => Promise<void>;

  private constructor(parts: Parts) {
    this.cluster = must(parts.cluster, "a cluster");
    this.consul = must(parts.consul, "a Consul");
    this.postgres = parts.postgres ?? null;
    this.mysql = parts.mysql ?? null;
    this.haproxy = parts.haproxy ?? null;
    this.network = parts.network ?? null;
    this.#stop = () => stopParts(parts);
  }

  /** Every process started and ready, a server leading. */
  static async start(options: SiteOptions = {}): Promise<Site> {
    const parts: Parts = {};
    running.add(parts);
    try {
      await startParts(parts, options);
      return new Site(parts);
    } catch (error) {
      await stopParts(parts);
      throw error;
    }
  }

  /** All there are, also one that is still starting. */
  static async stopAll(): Promise<void> {
    await Promise.all([...running].map(stopParts));
  }

  get dialects(): readonly DialectName[] {
    return this.cluster.dialects;
  }

  /** The database itself, as we reach it. */
  upstreamUrl(dialect: DialectName): string {
    return dialect === "postgres"
      ? must(this.postgres, dialect).url()
      : must(this.mysql, dialect).url();
  }

  /** Through the load balancer. */
  url(dialect: DialectName): string {
    const port = must(this.haproxy, "haproxy runs").port(dialect);
    return proxied(this.upstreamUrl(dialect), "127.0.0.1", port);
  }

  /** Through the adapters one after the other, without the load balancer. */
  adapterUrls(dialect: DialectName): readonly string[] {
    return this.cluster.adapters.map((adapter) => this.cluster.url(adapter, dialect));
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

interface Parts {
  network?: Network;
  consul?: EmbeddedConsul;
  relay?: Relay;
  postgres?: EmbeddedPostgres;
  mysql?: EmbeddedMysql;
  cluster?: Cluster;
  haproxy?: Haproxy;
  hbaDir?: string;
}

const running = new Set<Parts>();

export const SERVICES = ["consul", "postgres", "mysql"] as const;

async function startParts(parts: Parts, options: SiteOptions): Promise<void> {
  const { dialects = ["postgres", "mysql"], namespaces = false, durable = false } = options;
  if (namespaces) parts.network = await Network.create(SERVICES);
  const { network } = parts;
  parts.consul = await EmbeddedConsul.start();
  let consulAddress: string = parts.consul.address;
  if (network !== undefined) {
    parts.relay = await Relay.start(network.serviceAddress("consul"), parts.consul.address);
    consulAddress = parts.relay.address;
  }
  const upstreamUrls = new Map<DialectName, string>();
  if (dialects.includes("postgres")) {
    await startPostgres(parts, durable);
    upstreamUrls.set("postgres", seenFrom(network, "postgres", must(parts.postgres, "it").url()));
  }
  if (dialects.includes("mysql")) {
    parts.mysql = await EmbeddedMysql.start({
      flavour: "mysql",
      settings: {
        ...(durable ? { innodb_flush_log_at_trx_commit: "1", sync_binlog: "1" } : {}),
        ...(network === undefined
          ? {}
          : { bind_address: `127.0.0.1,${network.serviceAddress("mysql")}` }),
      },
    });
    upstreamUrls.set("mysql", seenFrom(network, "mysql", parts.mysql.url()));
  }
  parts.cluster = await Cluster.start({
    deployment: "site",
    ...{ upstreamUrls, consulAddress, consulHere: parts.consul.address, network: network ?? null },
    ...only(options, ["adapters", "servers", "serverArgs", "adapterArgs"]),
  });
  await parts.cluster.ready();
  if (parts.cluster.servers.length > 0) await parts.cluster.linked();
  if (options.haproxy === true) parts.haproxy = await Haproxy.start(parts.cluster.backends());
}

async function startPostgres(parts: Parts, durable: boolean): Promise<void> {
  const settings: Record<string, string> = durable ? { fsync: "on" } : {};
  if (parts.network !== undefined) {
    // initdb lets in who comes from this machine only.
    parts.hbaDir = await mkdtemp(join(tmpdir(), "freshet-hba-"));
    await chmod(parts.hbaDir, 0o755);
    const file = join(parts.hbaDir, "pg_hba.conf");
    await writeFile(
      file,
      ["127.0.0.1/32", parts.network.subnet]
        .flatMap((from) => ["all", "replication"].map((what) => [what, from]))
        .map(([what, from]) => `host ${what} all ${from} scram-sha-256\n`)
        .join(""),
    );
    settings["hba_file"] = file;
    settings["listen_addresses"] = `127.0.0.1,${parts.network.serviceAddress("postgres")}`;
  }
  parts.postgres = await EmbeddedPostgres.start({ major: 18, settings });
}

function seenFrom(network: Network | undefined, service: string, url: string): string {
  if (network === undefined) return url;
  return proxied(url, network.serviceAddress(service), Number(new URL(url).port));
}

function only<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const found: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) found[key] = from[key];
  return found as Pick<T, K>;
}

async function stopParts(parts: Parts): Promise<void> {
  if (!running.delete(parts)) return;
  const steps: readonly (() => Promise<void> | undefined)[] = [
    () => parts.haproxy?.stop(),
    () => parts.cluster?.stop(),
    () => parts.postgres?.stop(),
    () => parts.mysql?.stop(),
    () => parts.relay?.stop(),
    () => parts.consul?.stop(),
    () => parts.network?.destroy(),
    () => (parts.hbaDir === undefined ? undefined : rm(parts.hbaDir, { recursive: true })),
  ];
  const problems: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new AggregateError(problems, "something could not be stopped");
}
