import { ConfigurationError } from "@freshet/util";
import type { Address } from "./parse-address.ts";
import type { Config } from "./parse-config.ts";
import { rpcAddressesOf } from "./upstreams.ts";

/** What server and adapter need and what has no meaning apart from them. */
export function checkCluster(config: Config): void {
  if (config.role === "combined") checkCombined(config);
  else checkSeparate(config);
  needsBoth("authority-cert", config.authorityCert, "authority-key", config.authorityKey);
  needsBoth("rpc-tls-cert", config.rpcTlsCert, "rpc-tls-key", config.rpcTlsKey);
}

function checkCombined(config: Config): void {
  if (config.authority !== "none") {
    throw new ConfigurationError(
      "--authority consul joins separate processes: start `freshet server` and `freshet adapter`, or leave the option out.",
    );
  }
  if (config.rpcAddresses !== null) {
    throw new ConfigurationError(
      "--rpc-address belongs to `freshet server`: in one process nobody connects to it.",
    );
  }
}

function checkSeparate(config: Config): void {
  const command = `freshet ${config.role}`;
  if (config.upstreamUrls === null) {
    throw new ConfigurationError(
      `\`${command}\` needs --upstream-db-url: say which database it serves.`,
    );
  }
  if (config.verify || config.cleanup) {
    if (config.role === "server") return;
    throw new ConfigurationError("--verify and --cleanup belong to `freshet server`.");
  }
  if (config.authority === "none") {
    throw new ConfigurationError(
      `\`${command}\` needs --authority consul (and --authority-address): servers and adapters find each other there.`,
    );
  }
  if (config.authoritySessionTtlMs < 10_000 || config.authoritySessionTtlMs > 86_400_000) {
    throw new ConfigurationError(
      "--authority-session-ttl must be from 10s to 24h: Consul allows no other.",
    );
  }
  if (config.role === "adapter") {
    if (config.rpcAddresses !== null || config.backup !== null) {
      const option = config.backup === null ? "--rpc-address" : "--backup";
      throw new ConfigurationError(`${option} belongs to \`freshet server\`: leave it out here.`);
    }
    return;
  }
  const addresses = rpcAddressesOf(config.upstreamUrls, config.rpcAddresses);
  if (config.rpcSecret === null && !addresses.every(isLoopback)) {
    throw new ConfigurationError(
      "--rpc-address is reachable from other machines, so --rpc-secret is needed: give servers and adapters the same one.",
    );
  }
  if (config.rpcTlsCa !== null && config.rpcTlsCert === null) {
    throw new ConfigurationError(
      "--rpc-tls-ca makes links use TLS, so a server needs --rpc-tls-cert and --rpc-tls-key.",
    );
  }
}

function needsBoth(first: string, one: string | null, second: string, other: string | null): void {
  if ((one === null) === (other === null)) return;
  const [given, missing] = one === null ? [second, first] : [first, second];
  throw new ConfigurationError(`--${given} needs --${missing}: give both.`);
}

function isLoopback({ host }: Address): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
