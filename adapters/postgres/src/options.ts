import type {
  AdapterLimits,
  AdapterMetrics,
  AdapterStatistics,
  Router,
  TlsOptions,
} from "@freshet/adapter-core";
import type { Logger } from "@freshet/util";

export type AuthenticationMethod = "scram-sha-256" | "md5" | "cleartext";

export interface PostgresAdapterOptions {
  readonly router: Router;
  /** `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…` */
  readonly upstreamUrl: string;
  /** Name → password: how clients log in here, and how we log in upstream for them. */
  readonly users: ReadonlyMap<string, string>;
  /** Clients are not asked for a password; upstream gets the password of `users`, if any. */
  readonly allowUnauthenticated?: boolean;
  readonly authenticationMethod?: AuthenticationMethod;
  readonly address: string;
  readonly port: number;
  readonly reusePort?: boolean;
  readonly tls?: TlsOptions;
  /** 0..126; part of every cancel key. */
  readonly threadIndex?: number;
  readonly limits?: Partial<AdapterLimits>;
  readonly logger?: Logger;
  readonly metrics?: Partial<AdapterMetrics>;
  /** A cancel request whose key belongs to another thread's client. */
  readonly onForeignCancel?: (threadIndex: number, key: Buffer) => void;
}

export interface PostgresAdapter {
  readonly port: number;
  /** Stops accepting, lets transactions end, then 57P01; the rest is cut after `drainMs`. */
  close(drainMs: number): Promise<void>;
  statistics(): AdapterStatistics;
  /** The clients in session now, for SHOW CONNECTIONS. */
  clients(): { readonly client: string; readonly user: string }[];
  /** A cancel request another thread received for one of our clients. */
  cancel(key: Buffer): void;
}
