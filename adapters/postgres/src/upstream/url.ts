import { readUpstreamUrl, SSL_MODES, type UpstreamPlace } from "@freshet/adapter-core";

/** Where the upstream is and how to reach it; the login itself comes from the client. */
export interface UpstreamAddress extends UpstreamPlace<(typeof MODES)[number]> {
  readonly requireChannelBinding: boolean;
}

const SCHEMES = ["postgres:", "postgresql:"];
const MODES = [...SSL_MODES, "allow"] as const;
const DEFAULT_PORT = 5432;

/** Throws ConfigurationError. */
export function parseUpstreamUrl(text: string): UpstreamAddress {
  const { parameters, ...said } = readUpstreamUrl(text, SCHEMES, MODES);
  const port = said.port ?? Number(parameters.get("port") ?? DEFAULT_PORT);
  const socketHost = parameters.get("host") ?? (said.host.startsWith("/") ? said.host : null);
  const user = said.user || (parameters.get("user") ?? "postgres");
  return {
    host: said.host,
    port,
    socketPath: socketHost?.startsWith("/") === true ? `${socketHost}/.s.PGSQL.${port}` : null,
    user,
    password: said.password ?? parameters.get("password"),
    database: said.database || user,
    sslMode: said.sslMode,
    tls: { ...said.tls, ALPNProtocols: ["postgresql"] },
    requireChannelBinding: parameters.get("channel_binding") === "require",
  };
}
