import type { TlsOptions } from "@freshet/adapter-core";
import { createSecureContext, type SecureContext } from "node:tls";

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
