import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join, resolve } from "node:path";
import {
  type Address,
  type Config,
  type DialectName,
  type Role,
  type UserPassword,
  upstreamsOf,
} from "@freshet/config";
import { ConfigurationError } from "@freshet/util";
import type {
  AdapterThreadData,
  EngineThreadData,
  LogSettings,
  UpstreamData,
} from "../threads/messages.ts";

/** What concerns one database of a configuration. */
export type CombinedConfig = Omit<Config, "upstreamUrls" | "addresses"> & {
  readonly upstreamUrl: string;
  readonly dialect: DialectName;
  /** Names the database in logs and metrics where the process serves several, else null. */
  readonly label: string | null;
  readonly addresses: readonly Address[];
};

/** A configuration taken apart into its databases, which share the memory. */
export function combinedConfigs(config: Config): readonly CombinedConfig[] {
  const upstreams = upstreamsOf(config.upstreamUrls ?? [], config.addresses);
  const memoryBytes = config.memoryLimitBytes ?? defaultMemoryBytes();
  return upstreams.map(({ dialect, url, addresses }) => ({
    ...config,
    upstreamUrl: url,
    dialect,
    label: upstreams.length > 1 ? dialect : null,
    addresses,
    // A directory of its own, so that adding a second database moves nothing of the first.
    storageDir: dialect === "postgres" ? config.storageDir : join(config.storageDir, dialect),
    memoryLimitBytes: Math.floor(memoryBytes / upstreams.length),
  }));
}

export interface ThreadPlan {
  readonly engine: EngineThreadData;
  readonly adapters: readonly AdapterThreadData[];
}

/** The adapters' part of the memory limit; the rest keeps the engine's state. */
const ADAPTER_SHARE: Readonly<Record<Role, number>> = { combined: 0.6, adapter: 1, server: 0 };
const MOST_THREADS_BY_DEFAULT = 8;
/** A listener's number is part of its clients' cancel keys and must fit there. */
const MOST_LISTENERS = 126;

/** Where several threads can listen on one port; elsewhere one thread serves all clients. */
export const CAN_SHARE_PORT = process.platform === "linux" || process.platform === "freebsd";

/** What each thread is told. Throws ConfigurationError for files that cannot be read. */
export function planThreads(config: CombinedConfig): ThreadPlan {
  return { engine: engineData(config), adapters: adapterData(config) };
}

export function engineData(config: CombinedConfig): EngineThreadData {
  const memoryBytes = config.memoryLimitBytes ?? defaultMemoryBytes();
  return {
    ...upstreamData(config),
    deployment: config.deployment,
    storageDir: resolve(config.storageDir),
    memoryLimitBytes: Math.floor(memoryBytes * (1 - ADAPTER_SHARE[config.role])),
    disableSetup: config.disableSetupDdlReplication,
    replicationTables: config.replicationTables,
    replicationTablesIgnore: config.replicationTablesIgnore,
    separate: null,
  };
}

export function adapterData(config: CombinedConfig): readonly AdapterThreadData[] {
  const threads = CAN_SHARE_PORT ? (config.adapterThreads ?? defaultThreads()) : 1;
  if (threads * config.addresses.length > MOST_LISTENERS) {
    throw new ConfigurationError(
      `--adapter-threads times the number of addresses may be ${MOST_LISTENERS} at most: use fewer threads.`,
    );
  }
  const memoryBytes = config.memoryLimitBytes ?? defaultMemoryBytes();
  const shared = {
    ...upstreamData(config),
    addresses: config.addresses,
    users: usersOf(config),
    allowUnauthenticated: config.allowUnauthenticatedConnections,
    authenticationMethod: config.postgresAuthenticationMethod,
    tls: readTls(config),
    tlsMode: config.tlsMode,
    inTransaction: config.inTransaction,
    readYourWritesTimeoutMs: config.readYourWritesTimeoutMs,
    fillTimeoutMs: config.fillTimeoutMs,
    memoryLimitBytes: Math.floor((memoryBytes * ADAPTER_SHARE[config.role]) / threads),
    rpc: null,
  };
  return Array.from({ length: threads }, (_, index) => ({
    ...shared,
    name: `adapter-${index + 1}`,
    threadIndex: index * config.addresses.length,
  }));
}

function upstreamData(config: CombinedConfig): UpstreamData & { readonly log: LogSettings } {
  return {
    dialect: config.dialect,
    upstreamUrl: upstreamUrlOf(config),
    label: config.label,
    log: {
      level: config.logLevel,
      format: config.logFormat,
      tracing: { endpoint: config.tracingEndpoint, samplePercent: config.tracingSamplePercent },
    },
  };
}

/** The upstream's URL with the TLS options in it, in libpq's words for either dialect. */
export function upstreamUrlOf(config: CombinedConfig): string {
  if (config.sslRootCert === null && !config.disableUpstreamSslVerification) {
    return config.upstreamUrl;
  }
  const url = new URL(config.upstreamUrl);
  if (config.disableUpstreamSslVerification) {
    url.searchParams.set("sslmode", "no-verify");
  } else if (config.sslRootCert !== null) {
    readOption("--ssl-root-cert", config.sslRootCert);
    url.searchParams.set("sslrootcert", resolve(config.sslRootCert));
    if (!url.searchParams.has("sslmode")) url.searchParams.set("sslmode", "verify-full");
  }
  return url.href;
}

/** An address as a client on this machine would write it. */
export function clientAddress({ host, port }: Address): Address {
  return { host: host === "::" || host === "0.0.0.0" ? "127.0.0.1" : host, port };
}

function usersOf(config: CombinedConfig): readonly UserPassword[] {
  if (config.allowedUsers !== null) return config.allowedUsers;
  const url = new URL(config.upstreamUrl);
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  if (password === "" && !config.allowUnauthenticatedConnections) {
    throw new ConfigurationError(
      "Nobody could log in, because --upstream-db-url has no password: give --allowed-users name:password.",
    );
  }
  return [{ user, password }];
}

function readTls(config: CombinedConfig): AdapterThreadData["tls"] {
  if (config.tlsCert === null || config.tlsKey === null || config.tlsMode === "disabled") {
    return null;
  }
  return {
    cert: readOption("--tls-cert", config.tlsCert),
    key: readOption("--tls-key", config.tlsKey),
  };
}

/** A file an option names. Throws ConfigurationError when it cannot be read. */
export function readOption(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new ConfigurationError(
      `${option} ${path} cannot be read (${code}): give the path of a readable PEM file.`,
      { cause },
    );
  }
}

function defaultThreads(): number {
  return Math.max(1, Math.min(MOST_THREADS_BY_DEFAULT, availableParallelism() - 1));
}

function defaultMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  return Math.floor((constrained > 0 ? Math.min(constrained, total) : total) / 2);
}
