import type {
  AdapterLimits,
  AdapterMetrics,
  AdapterStatistics,
  Router,
  TlsOptions,
} from "@freshet/adapter-core";
import type { Logger } from "@freshet/util";

export interface MysqlAdapterOptions {
  readonly router: Router;
  /** `mysql://user:password@host:port/database?sslmode=…&sslrootcert=…` */
  readonly upstreamUrl: string;
  /** Name → password: how clients log in here, and how we log in upstream for them. */
  readonly users: ReadonlyMap<string, string>;
  /** Clients are not asked for a password; upstream gets the password of `users`, if any. */
  readonly allowUnauthenticated?: boolean;
  readonly address: string;
  readonly port: number;
  readonly reusePort?: boolean;
  readonly tls?: TlsOptions;
  /** 0..126; part of every thread id we greet with. */
  readonly threadIndex?: number;
  readonly limits?: Partial<AdapterLimits>;
  readonly logger?: Logger;
  readonly metrics?: Partial<AdapterMetrics>;
  /** A KILL of another thread's client; the key is for that thread's `cancel`. */
  readonly onForeignCancel?: (threadIndex: number, key: Buffer) => void;
}

export interface MysqlAdapter {
  readonly port: number;
  /** Stops accepting, lets transactions end, then 1053; the rest is cut after `drainMs`. */
  close(drainMs: number): Promise<void>;
  statistics(): AdapterStatistics;
  /** The clients in session now, for SHOW CONNECTIONS. */
  clients(): { readonly client: string; readonly user: string }[];
  /** A KILL another thread received for one of our clients. */
  cancel(key: Buffer): void;
}
