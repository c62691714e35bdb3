import type { Socket } from "node:net";
import { type ConnectionOptions, type TLSSocket, type TlsOptions } from "node:tls";

/** How a link is protected. Certificates and keys are PEM texts, not paths. */
export interface TcpSecurity {
  /** Shared by all members of a deployment; null: whoever reaches the address may join. */
  readonly secret: string | null;
  readonly tls: {
    readonly cert: string | null;
    readonly key: string | null;
    readonly ca: string | null;
  } | null;
}

/** With a CA the listener demands a certificate of the adapter too. */
export function listenerTls(tls: NonNullable<TcpSecurity["tls"]>): TlsOptions {
  return {
    minVersion: "TLSv1.3",
    ...pemOf(tls),
    requestCert: tls.ca !== null,
    rejectUnauthorized: tls.ca !== null,
  };
}

/**
 * With a CA the server's certificate must come from it; without one, from one that the system
 * trusts, unless there is a secret. The name in the certificate is checked only without a
 * secret: servers are dialled at addresses (of pods, say) that certificates do not know, and a
 * proof of the secret is bound to this very TLS connection, which says more than a name.
 */
export function dialerTls({ secret, tls }: TcpSecurity, host: string): ConnectionOptions {
  if (tls === null) return {};
  return {
    minVersion: "TLSv1.3",
    ...pemOf(tls),
    ...(isName(host) ? { servername: host } : {}),
    rejectUnauthorized: tls.ca !== null || secret === null,
    ...(secret === null ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** What ties a proof to its connection; empty without TLS. */
export function channelOf(socket: Socket): Buffer {
  if (!("exportKeyingMaterial" in socket)) return Buffer.alloc(0);
  return (socket as TLSSocket).exportKeyingMaterial(
    32,
    "EXPORTER-Channel-Binding",
    Buffer.alloc(0),
  );
}

function pemOf(tls: NonNullable<TcpSecurity["tls"]>): { cert?: string; key?: string; ca?: string } {
  return {
    ...(tls.cert === null ? {} : { cert: tls.cert }),
    ...(tls.key === null ? {} : { key: tls.key }),
    ...(tls.ca === null ? {} : { ca: tls.ca }),
  };
}

function isName(host: string): boolean {
  return !/^[\d.]+$/.test(host) && !host.includes(":");
}
