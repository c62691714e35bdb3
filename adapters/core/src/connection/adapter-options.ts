import type { Tracer } from "@freshet/telemetry";
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
  /**
   * A client that has just logged in when a drain begins is left alone for the rest of this time:
   * one that connects for a single transaction is then done with it.
   */
  readonly welcomeMs: number;
  /**
   * At the end of a drain, the answer to a COMMIT, or to another statement that may have been
   * carried out for good, is waited for this long; then the statement is interrupted.
   */
  readonly lastAnswerMs: number;
  /** Then it is waited for this long; the client is left without an answer after that. */
  readonly interruptedAnswerMs: number;
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
  welcomeMs: 300,
  lastAnswerMs: 5_000,
  interruptedAnswerMs: 1_000,
};

/** `login`: also an unknown database; `unreachable`: the upstream. */
export type RefusalKind = "login" | "unreachable" | "draining";

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
  /** Seconds from sending a statement upstream to the end of its reply. */
  forwardTimed(seconds: number): void;
  /** Seconds that a statement waited for its fill. */
  missTimed(seconds: number): void;
  /** A client got no session. */
  clientRefused(kind: RefusalKind): void;
  /** A session ended because the adapter does. */
  sessionDrained(how: "ended" | "cut"): void;
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
  forwardTimed: () => undefined,
  missTimed: () => undefined,
  clientRefused: () => undefined,
  sessionDrained: () => undefined,
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
  readonly tracer?: Tracer;
  /** A cancel request or KILL of another thread's client; the key is for that thread's `cancel`. */
  readonly onForeignCancel?: (threadIndex: number, key: Buffer) => void;
}

export interface ConnectedClient {
  readonly client: string;
  readonly user: string;
}

export interface DrainOptions {
  /**
   * For so long everything goes on as before, while load balancers learn that no new client is
   * wanted here.
   */
  readonly delayMs: number;
  /** After this much more time, transactions still open are cut. */
  readonly limitMs: number;
}

export interface Adapter {
  readonly port: number;
  /**
   * Ends in order. After the delay no client is accepted any more, and each ends between two
   * transactions (57P01 or 1053, in answer to a statement that was not carried out); after the
   * limit also within one, which is undone. No answer to what may have been committed is lost,
   * within the bounds of `AdapterLimits.lastAnswerMs`: takes up to eight seconds more than delay
   * and limit. Called again while it runs, the sooner end of the two holds.
   */
  drain(options: DrainOptions): Promise<void>;
  /** Drains without a delay. */
  close(drainMs: number): Promise<void>;
  statistics(): AdapterStatistics;
  /** The clients in session now, for SHOW CONNECTIONS. */
  clients(): ConnectedClient[];
  /** A cancel request or KILL another thread received for one of our clients. */
  cancel(key: Buffer): void;
}
