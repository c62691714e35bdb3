import { type Clock, ConfigurationError, type Logger } from "@freshet/util";

export interface ConsulOptions {
  /** `host:port`, `http://host:port` or `https://host:port`. */
  readonly address: string;
  /** ACL token. */
  readonly token?: string | null;
  /** Consul Enterprise only. */
  readonly namespace?: string | null;
  /** PEM text: the authority that Consul's certificate is checked against. */
  readonly ca?: string | null;
  /** PEM text: what is shown to Consul, and its private key. */
  readonly cert?: string | null;
  readonly key?: string | null;
  /** Deployments of one Consul do not meet: all keys and services bear this name. */
  readonly deployment: string;
  /** Of leaders and names. Consul may let locks live for twice as long. */
  readonly sessionTtlMs: number;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Uniform in 0..1. */
  readonly random?: () => number;
}

export interface ConsulEndpoint {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

export function endpointOf({ address, ca, cert }: ConsulOptions): ConsulEndpoint {
  const named = /^https?:\/\//.test(address);
  // Without a scheme, certificates say that TLS is meant.
  const wantsTls = (ca ?? null) !== null || (cert ?? null) !== null;
  const url = URL.parse(named ? address : `${wantsTls ? "https" : "http"}://${address}`);
  if (url === null || url.hostname === "" || url.username !== "" || url.pathname !== "/") {
    throw new ConfigurationError(
      `--authority-address is host:port or https://host:port, not "${address}"`,
    );
  }
  const secure = url.protocol === "https:";
  // A URL drops the port that its scheme has anyway.
  const given = url.port === "" ? /:(\d+)\/?$/.exec(address)?.[1] : url.port;
  const port = given === undefined ? (secure ? 8501 : 8500) : Number(given);
  return { host: url.hostname, port, secure };
}
