import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { ConfigurationError } from "@freshet/util";
import type { SocketAddress } from "./upstream-socket.ts";

export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export const SSL_MODES: readonly SslMode[] = [
  "disable",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
];

/** Where an upstream is and how to reach it; the login itself comes from the client. */
export interface UpstreamPlace<Mode extends string = SslMode> extends SocketAddress {
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
  readonly sslMode: Mode;
  readonly tls: ConnectionOptions;
}

/** What a URL says, "" and null where it says nothing. */
export interface UpstreamUrl<Mode extends string = SslMode> {
  /** `localhost` when it is not said. */
  readonly host: string;
  readonly port: number | null;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
  readonly sslMode: Mode;
  readonly tls: ConnectionOptions;
  readonly parameters: URLSearchParams;
}

/** Throws ConfigurationError. */
export function readUpstreamUrl<Mode extends string>(
  text: string,
  schemes: readonly string[],
  modes: readonly Mode[],
): UpstreamUrl<Mode> {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new ConfigurationError("the upstream URL is not a URL", { cause });
  }
  if (!schemes.includes(url.protocol)) {
    const beginnings = schemes.map((scheme) => `${scheme}//`).join(" or ");
    throw new ConfigurationError(`the upstream URL must begin with ${beginnings}`);
  }
  const parameters = url.searchParams;
  const asked = parameters.get("sslmode") ?? "prefer";
  const sslMode = modes.find((mode) => mode === asked);
  if (sslMode === undefined) throw new ConfigurationError(`unknown sslmode ${asked}`);
  const host = decodeURIComponent(url.hostname).replace(/^\[|\]$/g, "");
  return {
    host: host === "" ? "localhost" : host,
    port: url.port === "" ? null : Number(url.port),
    user: decodeURIComponent(url.username),
    password: url.password === "" ? null : decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    sslMode,
    tls: tlsOptions(sslMode, parameters, host),
    parameters,
  };
}

function tlsOptions(mode: string, parameters: URLSearchParams, host: string): ConnectionOptions {
  const rootCert = parameters.get("sslrootcert");
  const cert = parameters.get("sslcert");
  const key = parameters.get("sslkey");
  // As libpq: `require` with a root certificate verifies the chain.
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
