import type { Logger } from "@freshet/util";
import type { ForwardReason, Router } from "../contract.ts";

export interface AdapterLimits {
  /** Clients at once on this thread; more are refused. */
  readonly maxConnections: number;
  /** A start-up and authentication dialog longer than this is cut. */
  readonly startupTimeoutMs: number;
  /** Opening and authenticating an upstream connection. */
  readonly connectTimeoutMs: number;
  /** A miss waits this long for its fill, then the statement is forwarded. */
  readonly fillTimeoutMs: number;
  /** A read after an own write waits this long for the stream, then it is forwarded. */
  readonly ownWriteLimitMs: number;
  /** Start-up templates are learned anew after this time. */
  readonly templateTtlMs: number;
  /** A batch larger than this without Sync is forwarded undecided. */
  readonly batchLimitBytes: number;
  /** Hidden settings read by a probe are believed for this long. */
  readonly probeTtlMs: number;
}

export const DEFAULT_LIMITS: AdapterLimits = {
  maxConnections: 10_000,
  startupTimeoutMs: 60_000,
  connectTimeoutMs: 30_000,
  fillTimeoutMs: 2_000,
  ownWriteLimitMs: 250,
  templateTtlMs: 60_000,
  batchLimitBytes: 262_144,
  probeTtlMs: 60_000,
};

/** Counters for the metrics page; all optional to call, none may throw. */
export interface AdapterMetrics {
  connectionOpened(): void;
  connectionClosed(): void;
  upstreamOpened(): void;
  upstreamClosed(): void;
  hit(): void;
  /** A sample of the hits: seconds from the arrival of the request's bytes to the answer. */
  hitTimed(seconds: number): void;
  forward(reason: ForwardReason): void;
  bytesFromClient(bytes: number): void;
  bytesToClient(bytes: number): void;
}

export const NO_METRICS: AdapterMetrics = {
  connectionOpened: () => undefined,
  connectionClosed: () => undefined,
  upstreamOpened: () => undefined,
  upstreamClosed: () => undefined,
  hit: () => undefined,
  hitTimed: () => undefined,
  forward: () => undefined,
  bytesFromClient: () => undefined,
  bytesToClient: () => undefined,
};

export interface TlsOptions {
  /** PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Clients without TLS are refused. */
  readonly required?: boolean;
}

export interface AdapterStatistics {
  readonly connections: number;
  readonly upstreamConnections: number;
  readonly hits: number;
  readonly forwards: number;
  readonly forwardsByReason: Readonly<Record<string, number>>;
}

/** What every dialect's adapter is started with. */
export interface AdapterOptions {
  readonly router: Router;
  /** `postgres://` or `mysql://`, then `user:password@host:port/database?sslmode=…&sslrootcert=…` */
  readonly upstreamUrl: string;
  /** Name → password: how clients log in here, and how we log in upstream for them. */
  readonly users: ReadonlyMap<string, string>;
  /** Clients are not asked for a password; upstream gets the password of `users`, if any. */
  readonly allowUnauthenticated?: boolean;
  readonly address: string;
  readonly port: number;
  readonly reusePort?: boolean;
  readonly tls?: TlsOptions;
  /** 0..126; part of every cancel key and of every thread id we greet with. */
  readonly threadIndex?: number;
  readonly limits?: Partial<AdapterLimits>;
  readonly logger?: Logger;
  readonly metrics?: Partial<AdapterMetrics>;
  /** A cancel request or KILL of another thread's client; the key is for that thread's `cancel`. */
  readonly onForeignCancel?: (threadIndex: number, key: Buffer) => void;
}

export interface ConnectedClient {
  readonly client: string;
  readonly user: string;
}

export interface Adapter {
  readonly port: number;
  /** Stops accepting, lets transactions end, then says goodbye; the rest is cut after `drainMs`. */
  close(drainMs: number): Promise<void>;
  statistics(): AdapterStatistics;
  /** The clients in session now, for SHOW CONNECTIONS. */
  clients(): ConnectedClient[];
  /** A cancel request or KILL another thread received for one of our clients. */
  cancel(key: Buffer): void;
}
