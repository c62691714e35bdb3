import { NO_TRACER, type Tracer } from "@freshet/telemetry";
import { type Logger, silentLogger } from "@freshet/util";
import type { Router } from "../contract.ts";
import {
  type AdapterLimits,
  type AdapterMetrics,
  type AdapterOptions,
  DEFAULT_LIMITS,
  NO_METRICS,
} from "./adapter-options.ts";
import type { AdapterCounters } from "./statement-account.ts";

/** What all sessions of one adapter thread share, whatever the dialect. */
export interface CommonContext {
  readonly router: Router;
  readonly limits: AdapterLimits;
  readonly logger: Logger;
  readonly metrics: AdapterMetrics;
  readonly tracer: Tracer;
  readonly allowUnauthenticated: boolean;
  readonly counters: AdapterCounters;
  /** Null: unknown user. Unicode. */
  password(user: string): string | null;
}

/** `own`: the login of the upstream's URL, for the user it names and no other gives. */
export function commonContext(
  options: AdapterOptions,
  own: { readonly user: string; readonly password: string | null },
): CommonContext {
  return {
    router: options.router,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    logger: options.logger ?? silentLogger,
    metrics: { ...NO_METRICS, ...options.metrics },
    tracer: options.tracer ?? NO_TRACER,
    allowUnauthenticated: options.allowUnauthenticated ?? false,
    counters: { hits: 0, forwards: 0, forwardsByReason: new Map(), upstreamConnections: 0 },
    password: (user) => options.users.get(user) ?? (user === own.user ? own.password : null),
  };
}
