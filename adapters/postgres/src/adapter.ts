import { silentLogger } from "@freshet/util";
import { CancelRegistry } from "./cancel.ts";
import type { AdapterContext } from "./context.ts";
import { Listener } from "./listener.ts";
import {
  DEFAULT_LIMITS,
  NO_METRICS,
  type PostgresAdapter,
  type PostgresAdapterOptions,
} from "./options.ts";
import { StartupTemplates } from "./template.ts";
import { serverTls } from "./tls.ts";
import { connectUpstream } from "./upstream/connect.ts";
import { parseUpstreamUrl } from "./upstream/url.ts";

/**
 * Starts one thread's Postgres adapter. Rejects when the address cannot be had, throws
 * ConfigurationError for a bad upstream URL. The upstream itself need not be there yet.
 */
export async function startPostgresAdapter(
  options: PostgresAdapterOptions,
): Promise<PostgresAdapter> {
  const context = contextOf(options);
  const listener = new Listener({
    context,
    address: options.address,
    port: options.port,
    reusePort: options.reusePort ?? false,
    onForeignCancel: options.onForeignCancel ?? (() => undefined),
  });
  const port = await listener.listen();
  return {
    port,
    close: (drainMs) => listener.close(drainMs),
    cancel: (key) => void context.cancels.request(key),
    statistics: () => ({
      connections: listener.connections,
      upstreamConnections: context.counters.upstreamConnections,
      hits: context.counters.hits,
      forwards: context.counters.forwards,
      forwardsByReason: Object.fromEntries(context.counters.forwardsByReason),
    }),
  };
}

function contextOf(options: PostgresAdapterOptions): AdapterContext {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const upstream = parseUpstreamUrl(options.upstreamUrl);
  const password = (user: string): string | null =>
    options.users.get(user) ?? (user === upstream.user ? upstream.password : null);
  return {
    router: options.router,
    upstream,
    limits,
    logger: options.logger ?? silentLogger,
    metrics: { ...NO_METRICS, ...options.metrics },
    templates: new StartupTemplates(limits.templateTtlMs),
    cancels: new CancelRegistry(options.threadIndex ?? 0),
    tls: options.tls === undefined ? null : serverTls(options.tls),
    authenticationMethod: options.authenticationMethod ?? "scram-sha-256",
    allowUnauthenticated: options.allowUnauthenticated ?? false,
    counters: { hits: 0, forwards: 0, forwardsByReason: new Map(), upstreamConnections: 0 },
    password,
    connect: (parameters, user) =>
      connectUpstream(
        upstream,
        { parameters, user, password: password(user) },
        limits.connectTimeoutMs,
      ),
  };
}
