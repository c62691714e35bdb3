import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { ConfigurationError } from "@freshet/util";

export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

const SSL_MODES: readonly string[] = ["disable", "prefer", "require", "verify-ca", "verify-full"];
const DEFAULT_PORT = 3306;

/** Where the upstream is and how to reach it; the login itself comes from the client. */
export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** A unix socket instead of host and port. */
  readonly socketPath: string | null;
  readonly user: string;
  readonly password: string | null;
  /** "" for none. */
  readonly database: string;
  readonly sslMode: SslMode;
  readonly tls: ConnectionOptions;
}

/** Throws ConfigurationError. */
export function parseUpstreamUrl(text: string): UpstreamAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new ConfigurationError("the upstream URL is not a URL", { cause });
  }
  if (url.protocol !== "mysql:" && url.protocol !== "mariadb:") {
    throw new ConfigurationError("the upstream URL must begin with mysql:// or mariadb://");
  }
  const parameters = url.searchParams;
  const sslMode = parameters.get("sslmode") ?? "prefer";
  if (!SSL_MODES.includes(sslMode)) throw new ConfigurationError(`unknown sslmode ${sslMode}`);
  const host = decodeURIComponent(url.hostname).replace(/^\[|\]$/g, "");
  return {
    host: host === "" ? "localhost" : host,
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    socketPath: parameters.get("socket"),
    user: decodeURIComponent(url.username) || "root",
    password: url.password === "" ? null : decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    sslMode: sslMode as SslMode,
    tls: tlsOptions(sslMode as SslMode, parameters, host),
  };
}

function tlsOptions(mode: SslMode, parameters: URLSearchParams, host: string): ConnectionOptions {
  const rootCert = parameters.get("sslrootcert");
  const cert = parameters.get("sslcert");
  const key = parameters.get("sslkey");
  const verify =
    mode === "verify-ca" || mode === "verify-full" || (mode === "require" && rootCert !== null);
  return {
    rejectUnauthorized: verify,
    ...(rootCert !== null && rootCert !== "system" ? { ca: readFileSync(rootCert) } : {}),
    ...(cert !== null ? { cert: readFileSync(cert) } : {}),
    ...(key !== null ? { key: readFileSync(key) } : {}),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  };
}
