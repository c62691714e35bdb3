import type { Adapter, AdapterOptions } from "@freshet/adapter-core";

export type AuthenticationMethod = "scram-sha-256" | "md5" | "cleartext";

export interface PostgresAdapterOptions extends AdapterOptions {
  readonly authenticationMethod?: AuthenticationMethod;
}

export type PostgresAdapter = Adapter;
