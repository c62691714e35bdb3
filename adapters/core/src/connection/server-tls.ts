import { createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { TlsOptions } from "./adapter-options.ts";
import { PeerGone } from "./byte-source.ts";

/** Our side of TLS. */
export interface ServerTls {
  readonly context: SecureContext;
  readonly required: boolean;
}

/** Throws what OpenSSL says about a bad certificate or key. */
export function serverTls(options: TlsOptions): ServerTls {
  return {
    context: createSecureContext({ cert: options.cert, key: options.key, minVersion: "TLSv1.2" }),
    required: options.required ?? false,
  };
}

/** Resolves when a client's handshake is through; rejects with the socket's error or PeerGone. */
export function handshakeDone(secure: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    secure.once("secure", resolve);
    secure.once("error", reject);
    secure.once("close", () => reject(new PeerGone("closed during the TLS handshake")));
  });
}
