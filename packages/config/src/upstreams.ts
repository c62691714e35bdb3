import { ConfigurationError, must } from "@freshet/util";
import { type DialectName, dialectOfUrl } from "./dialect-name.ts";
import type { Address } from "./parse-address.ts";

/** One database and where its clients connect. */
export interface UpstreamConfig {
  readonly dialect: DialectName;
  readonly url: string;
  readonly addresses: readonly Address[];
}

const DEFAULT_ADDRESS: Readonly<Record<DialectName, Address>> = {
  postgres: { host: "127.0.0.1", port: 5433 },
  mysql: { host: "127.0.0.1", port: 3307 },
};

/** Where clients of a dialect connect when no address is given. */
export function defaultAddress(dialect: DialectName): Address {
  return DEFAULT_ADDRESS[dialect];
}

/**
 * Which database is served at which addresses: a single one at all of them, of two the first at
 * the first address and the second at the second. Throws ConfigurationError.
 */
export function upstreamsOf(
  urls: readonly string[],
  addresses: readonly Address[] | null,
): readonly UpstreamConfig[] {
  const dialects = urls.map((url) => must(dialectOfUrl(url), "the URL was checked"));
  if (new Set(dialects).size < dialects.length) {
    throw new ConfigurationError(
      "--upstream-db-url is given twice for one kind of database: start a second process for the second.",
    );
  }
  if (urls.length > 1 && addresses !== null && addresses.length !== urls.length) {
    throw new ConfigurationError(
      `--upstream-db-url is given ${urls.length} times and --address ${addresses.length}: give one address for each database, in their order.`,
    );
  }
  return urls.map((url, index) => {
    const dialect = must(dialects[index], "every URL has a dialect");
    const own = urls.length === 1 ? addresses : addresses?.slice(index, index + 1);
    return { dialect, url, addresses: own ?? [defaultAddress(dialect)] };
  });
}

const DEFAULT_PORT: Readonly<Record<DialectName, string>> = { postgres: "5432", mysql: "3306" };

/**
 * What an upstream is called among the processes of a deployment, without its secrets: host, port
 * and, where a server follows one database only, its name.
 */
export function upstreamName(text: string): string {
  const dialect = must(dialectOfUrl(text), "the URL was checked");
  const url = new URL(text);
  const host = `${url.hostname}:${url.port || DEFAULT_PORT[dialect]}`;
  return dialect === "postgres" ? `${host}${url.pathname}` : host;
}

const DEFAULT_RPC_ADDRESS: Readonly<Record<DialectName, Address>> = {
  postgres: { host: "127.0.0.1", port: 6035 },
  mysql: { host: "127.0.0.1", port: 6036 },
};

/** Where a server's adapters connect, one address for each database. Throws ConfigurationError. */
export function rpcAddressesOf(
  urls: readonly string[],
  addresses: readonly Address[] | null,
): readonly Address[] {
  if (addresses !== null && addresses.length !== urls.length) {
    throw new ConfigurationError(
      `--upstream-db-url is given ${urls.length} times and --rpc-address ${addresses.length}: give one address for each database, in their order.`,
    );
  }
  return urls.map((url, index) => {
    const dialect = must(dialectOfUrl(url), "the URL was checked");
    return addresses?.[index] ?? DEFAULT_RPC_ADDRESS[dialect];
  });
}
