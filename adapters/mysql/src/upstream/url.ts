import { readUpstreamUrl, SSL_MODES, type UpstreamPlace } from "@freshet/adapter-core";

/** Where the upstream is; the database is "" for none. */
export type UpstreamAddress = UpstreamPlace;

const SCHEMES = ["mysql:", "mariadb:"];
const DEFAULT_PORT = 3306;

/** Throws ConfigurationError. */
export function parseUpstreamUrl(text: string): UpstreamAddress {
  const { parameters, ...said } = readUpstreamUrl(text, SCHEMES, SSL_MODES);
  return {
    ...said,
    port: said.port ?? DEFAULT_PORT,
    socketPath: parameters.get("socket"),
    user: said.user || "root",
  };
}
