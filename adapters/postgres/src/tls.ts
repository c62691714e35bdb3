import {
  type ServerTls as CommonTls,
  serverTls as commonTls,
  type TlsOptions,
} from "@freshet/adapter-core";
import { X509Certificate } from "node:crypto";
import { serverEndPoint } from "./auth/channel-binding.ts";

/** Our side of TLS, and what SCRAM binds to. */
export interface ServerTls extends CommonTls {
  readonly endPoint: Buffer;
}

/** Throws what OpenSSL says about a bad certificate or key. */
export function serverTls(options: TlsOptions): ServerTls {
  return {
    ...commonTls(options),
    endPoint: serverEndPoint(new X509Certificate(options.cert)),
  };
}
