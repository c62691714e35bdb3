import type { TlsOptions } from "@freshet/adapter-core";
import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { serverEndPoint } from "./auth/channel-binding.ts";

/** Our side of TLS: the context, and what SCRAM binds to. */
export interface ServerTls {
  readonly context: SecureContext;
  readonly endPoint: Buffer;
  readonly required: boolean;
}

/** Throws what OpenSSL says about a bad certificate or key. */
export function serverTls(options: TlsOptions): ServerTls {
  return {
    context: createSecureContext({ cert: options.cert, key: options.key, minVersion: "TLSv1.2" }),
    endPoint: serverEndPoint(new X509Certificate(options.cert)),
    required: options.required ?? false,
  };
}
