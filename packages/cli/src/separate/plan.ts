import { hostname } from "node:os";
import {
  type Address,
  type Config,
  formatAddress,
  rpcAddressesOf,
  upstreamName,
} from "@freshet/config";
import {
  type CombinedConfig,
  adapterData,
  combinedConfigs,
  engineData,
  readOption,
} from "../start/configure.ts";
import type { AdapterThreadData, EngineThreadData, RpcData } from "../threads/messages.ts";
import { PRODUCT_VERSION } from "@freshet/server";
import { ConfigurationError, must } from "@freshet/util";

/** The name under which a process of this configuration is known in its deployment. */
export function memberName(config: Pick<Config, "memberName">): string {
  return config.memberName ?? hostname();
}

/** Adapters and servers of each database, as the threads are told. */
export function adapterPlans(config: Config): readonly (readonly AdapterThreadData[])[] {
  return combinedConfigs(config).map((each) => {
    const rpc = rpcData(config, each);
    return adapterData(each).map((data) => ({
      ...data,
      // Servers tell the adapters apart by name.
      name: `${memberName(config)}/${data.name}`,
      rpc,
    }));
  });
}

/** `ownerToken`: of the server's name, from its registration. */
export function enginePlans(config: Config, ownerToken: number): readonly EngineThreadData[] {
  const configs = combinedConfigs(config);
  const addresses = rpcAddresses(config);
  const { backup: location, backupIntervalMs, backupKeep } = config;
  const backup =
    location === null ? null : { location, intervalMs: backupIntervalMs, keep: backupKeep };
  return configs.map((each, index) => ({
    ...engineData(each),
    separate: {
      replica: memberName(config),
      ownerToken,
      address: must(addresses[index], "every database has an address"),
      rpc: rpcData(config, each),
      backup,
    },
  }));
}

/** Where a server listens for adapters, in the order of its databases. */
export function rpcAddresses(config: Config): readonly Address[] {
  return rpcAddressesOf(config.upstreamUrls ?? [], config.rpcAddresses);
}

/** `host:port` by dialect, where adapters on other machines reach this server. */
export function advertisedAddresses(config: Config): Readonly<Record<string, string>> {
  const configs = combinedConfigs(config);
  const addresses = rpcAddresses(config);
  const pairs = configs.map(({ dialect }, index) => {
    const { host, port } = must(addresses[index], "every database has an address");
    return [dialect, formatAddress({ host: advertisedHost(config, host), port })] as const;
  });
  return Object.fromEntries(pairs);
}

/** `host:port` by dialect, where clients reach this adapter. */
export function clientAddresses(config: Config): Readonly<Record<string, string>> {
  const pairs = combinedConfigs(config).map(({ dialect, addresses }) => {
    const { host, port } = must(addresses[0], "every database has an address");
    return [dialect, formatAddress({ host: advertisedHost(config, host), port })] as const;
  });
  return Object.fromEntries(pairs);
}

export function advertisedHost(config: Config, host: string): string {
  if (config.advertiseHost !== null) return config.advertiseHost;
  return host === "0.0.0.0" || host === "::" ? hostname() : host;
}

function rpcData(config: Config, { dialect, upstreamUrl }: CombinedConfig): RpcData {
  const { rpcTlsCert, rpcTlsKey, rpcTlsCa } = config;
  const read = (option: string, path: string | null): string | null =>
    path === null ? null : readOption(option, path);
  const tls = {
    cert: read("--rpc-tls-cert", rpcTlsCert),
    key: read("--rpc-tls-key", rpcTlsKey),
    ca: read("--rpc-tls-ca", rpcTlsCa),
  };
  if (config.rpcTimeoutMs < 100) {
    throw new ConfigurationError("--rpc-timeout must be 100ms at least.");
  }
  return {
    identity: {
      product: PRODUCT_VERSION,
      deployment: config.deployment,
      member: memberName(config),
      dialect,
      database: config.upstreamName ?? upstreamName(upstreamUrl),
      region: config.region,
    },
    security: {
      secret: config.rpcSecret,
      tls: rpcTlsCert === null && rpcTlsCa === null ? null : tls,
    },
    timeoutMs: config.rpcTimeoutMs,
  };
}
