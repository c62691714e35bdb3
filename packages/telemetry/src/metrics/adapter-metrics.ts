import { FAST_SECONDS, type MetricFactory, SLOW_SECONDS } from "./metric-factory.ts";

/** Clients and what became of their statements; an adapter thread's. */
export function adapterMetrics(make: MetricFactory) {
  return {
    clientConnections: make.gauge("client_connections", "Open client connections"),
    clientConnectionsOpened: make.counter(
      "client_connections_opened_total",
      "Client connections accepted",
    ),
    clientRefusals: make.counter(
      "client_refusals_total",
      "Clients that got no session; kind: login, unreachable (the upstream), draining",
      ["kind"],
    ),
    upstreamConnections: make.gauge("upstream_connections", "Open upstream connections"),
    upstreamConnectionsOpened: make.counter(
      "upstream_connections_opened_total",
      "Upstream connections opened for clients",
    ),
    clientReceivedBytes: make.counter("client_received_bytes_total", "Bytes clients sent"),
    clientSentBytes: make.counter("client_sent_bytes_total", "Bytes sent to clients"),

    hits: make.counter("hits_total", "Reads answered from a cache", ["cache"]),
    misses: make.counter("misses_total", "Reads that had to fill a cache", ["cache"]),
    forwards: make.counter("forwards_total", "Statements sent upstream, by why", ["reason"]),
    hitSeconds: make.histogram(
      "hit_seconds",
      "From a hit's bytes arriving to its answer written; one hit in sixteen is timed",
      FAST_SECONDS,
    ),
    missSeconds: make.histogram(
      "miss_seconds",
      "From a miss to its entry, as the client waits for it",
      SLOW_SECONDS,
    ),
    forwardSeconds: make.histogram(
      "forward_seconds",
      "From sending a statement upstream to the end of its reply",
      SLOW_SECONDS,
    ),
    stalenessSeconds: make.histogram(
      "staleness_seconds",
      "From the upstream's commit to the answer's change in the adapter",
      SLOW_SECONDS,
    ),
    adapterServing: make.gauge(
      "adapter_serving",
      "Adapter threads that answer from caches; the others forward everything",
    ),

    entries: make.gauge("entries", "Answers held by adapters", ["cache"]),
    cacheBytes: make.gauge("cache_memory_bytes", "Memory of a cache's answers", ["cache"]),
    evictions: make.counter("evictions_total", "Answers evicted to keep the memory limit"),
    fillsInFlight: make.gauge("fills_in_flight", "Fills that adapters wait for"),

    draining: make.gauge("draining", "Adapter threads that accept nobody any more"),
    drainedSessions: make.counter(
      "drained_sessions_total",
      "Sessions ended by a stop; how: ended (between transactions), cut (after --drain-timeout)",
      ["how"],
    ),
  };
}

export type AdapterMetricSet = ReturnType<typeof adapterMetrics>;
