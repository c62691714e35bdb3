import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { ConfigurationError } from "@freshet/util";

export type SslMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

const SSL_MODES: readonly string[] = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
];

/** Where the upstream is and how to reach it; the login itself comes from the client. */
export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** Directory of a unix socket instead of host. */
  readonly socketPath: string | null;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
  readonly sslMode: SslMode;
  readonly tls: ConnectionOptions;
  readonly requireChannelBinding: boolean;
}

/** Throws ConfigurationError. */
export function parseUpstreamUrl(text: string): UpstreamAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new ConfigurationError("the upstream URL is not a URL", { cause });
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw new ConfigurationError("the upstream URL must begin with postgres:// or postgresql://");
  }
  const parameters = url.searchParams;
  const sslMode = parameters.get("sslmode") ?? "prefer";
  if (!SSL_MODES.includes(sslMode)) throw new ConfigurationError(`unknown sslmode ${sslMode}`);
  const port = url.port === "" ? Number(parameters.get("port") ?? 5432) : Number(url.port);
  const host = decodeURIComponent(url.hostname).replace(/^\[|\]$/g, "");
  const socketHost = parameters.get("host") ?? (host.startsWith("/") ? host : null);
  const user = decodeURIComponent(url.username) || (parameters.get("user") ?? "postgres");
  return {
    host: host === "" ? "localhost" : host,
    port,
    socketPath: socketHost?.startsWith("/") === true ? `${socketHost}/.s.PGSQL.${port}` : null,
    user,
    password: url.password === "" ? parameters.get("password") : decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    sslMode: sslMode as SslMode,
    tls: tlsOptions(sslMode as SslMode, parameters, host),
    requireChannelBinding: parameters.get("channel_binding") === "require",
  };
}

function tlsOptions(mode: SslMode, parameters: URLSearchParams, host: string): ConnectionOptions {
  const rootCert = parameters.get("sslrootcert");
  const cert = parameters.get("sslcert");
  const key = parameters.get("sslkey");
  // As libpq: `require` with a root certificate verifies the chain.
  const verify =
    mode === "verify-ca" || mode === "verify-full" || (mode === "require" && rootCert !== null);
  return {
    rejectUnauthorized: verify,
    ALPNProtocols: ["postgresql"],
    ...(rootCert !== null && rootCert !== "system" ? { ca: readFileSync(rootCert) } : {}),
    ...(cert !== null ? { cert: readFileSync(cert) } : {}),
    ...(key !== null ? { key: readFileSync(key) } : {}),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  };
}
