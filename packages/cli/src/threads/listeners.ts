import { type OwnedRouter, createRouter } from "@freshet/adapter-core";
import { type Metrics, NO_TRACER, type Tracer, listenError } from "@freshet/telemetry";
import type { Logger } from "@freshet/util";
import { type Listener, adapterDialect } from "./adapter-dialects.ts";
import { CAN_SHARE_PORT } from "../start/configure.ts";
import { listenerMetrics } from "./listener-metrics.ts";
import type { AdapterThreadData, ForeignCancel } from "./messages.ts";

export interface ListenerOptions {
  readonly data: AdapterThreadData;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer?: Tracer;
  readonly onForeignCancel: (request: ForeignCancel) => void;
}

export interface Listeners {
  readonly router: OwnedRouter;
  /** In the order of the addresses. */
  readonly listeners: readonly Listener[];
}

/** One router and a listener of the database's protocol for each address of this thread. */
export async function startListeners(options: ListenerOptions): Promise<Listeners> {
  const { data, logger, metrics } = options;
  const listeners: Listener[] = [];
  const router = createRouter({
    link: null,
    adapter: data.name,
    ...adapterDialect(data.dialect).reading,
    limits: { memoryBytes: data.memoryLimitBytes },
    logger,
    metrics,
    connections: () => listeners.flatMap((listener) => listener.clients()),
  });
  for (const [index, address] of data.addresses.entries()) {
    try {
      listeners.push(await startListener(options, router, index));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const cannotListen = code === "EADDRINUSE" || code === "EACCES" || code === "EADDRNOTAVAIL";
      throw cannotListen ? listenError("--address", address, error as Error) : error;
    }
  }
  return { router, listeners };
}

function startListener(
  { data, logger, metrics, tracer = NO_TRACER, onForeignCancel }: ListenerOptions,
  router: OwnedRouter,
  index: number,
): Promise<Listener> {
  const { host, port } = data.addresses[index] ?? { host: "127.0.0.1", port: 0 };
  const tls =
    data.tls === null ? {} : { tls: { ...data.tls, required: data.tlsMode === "required" } };
  return adapterDialect(data.dialect).start({
    router,
    upstreamUrl: data.upstreamUrl,
    users: new Map(data.users.map(({ user, password }) => [user, password])),
    allowUnauthenticated: data.allowUnauthenticated,
    authenticationMethod: data.authenticationMethod,
    address: host,
    port,
    reusePort: CAN_SHARE_PORT,
    ...tls,
    threadIndex: data.threadIndex + index,
    limits: { fillTimeoutMs: data.fillTimeoutMs, ownWriteLimitMs: data.readYourWritesTimeoutMs },
    logger,
    metrics: listenerMetrics(metrics),
    tracer,
    onForeignCancel: (threadIndex, key) => onForeignCancel({ kind: "cancel", threadIndex, key }),
  });
}
