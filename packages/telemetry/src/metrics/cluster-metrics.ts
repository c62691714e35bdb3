import type { MetricFactory } from "./metric-factory.ts";

/** Links between adapters and servers over TCP; `end`: adapter or server, whoever counts. */
export function linkMetrics(make: MetricFactory) {
  return {
    links: make.gauge("rpc_links", "Links that are up", ["end"]),
    opened: make.counter("rpc_links_opened_total", "Links that came up", ["end"]),
    closed: make.counter(
      "rpc_links_closed_total",
      "Links that ended; reason: closed, silent, overflow, error, leader (another one leads)",
      ["end", "reason"],
    ),
    refused: make.counter(
      "rpc_handshakes_refused_total",
      "Peers that got no link; reason: secret, version, deployment, term (not the leader), broken",
      ["end", "reason"],
    ),
    dialFailures: make.counter("rpc_dial_failures_total", "Servers that could not be reached"),
    outstandingBytes: make.gauge(
      "rpc_outstanding_bytes",
      "Bytes sent that peers have not handled yet",
      ["end"],
    ),
    sentBytes: make.counter("rpc_sent_bytes_total", "Bytes sent to peers", ["end"]),
    receivedBytes: make.counter("rpc_received_bytes_total", "Bytes received from peers", ["end"]),
  };
}

/** The authority and who is registered there; the main thread's of servers and adapters. */
export function clusterMetrics(make: MetricFactory) {
  return {
    authorityReachable: make.gauge("authority_reachable", "1 while it answers", [], "min"),
    authorityErrors: make.counter(
      "authority_request_errors_total",
      "Requests to the authority that failed",
    ),
    members: make.gauge(
      "members",
      "Registered processes; kind: server, adapter; ready: true, false",
      ["kind", "ready"],
      "max",
    ),
    leaderKnown: make.gauge("leader_known", "1 while there is a leader to use", [], "min"),
    leaderTerm: make.gauge("leader_term", "Fencing token of the leader in use", [], "max"),
    leaderChanges: make.counter("leader_changes_total", "Times the leader in use became another"),
  };
}

/** Leading a deployment; a server's main thread's. */
export function leadershipMetrics(make: MetricFactory) {
  return {
    isLeader: make.gauge("is_leader", "1 while this server leads its region", [], "max"),
    leadershipChanges: make.counter(
      "leadership_changes_total",
      "Changes of this server's leadership; change: elected, deposed",
      ["change"],
    ),
    documentWrites: make.counter(
      "document_writes_total",
      "Writes of shared documents; outcome: written, conflict, fenced, unavailable",
      ["outcome"],
    ),
    replicasRemoved: make.counter(
      "replicas_removed_total",
      "Servers, gone for --abandoned-after, whose slots were removed",
    ),
  };
}

export type LinkMetricSet = ReturnType<typeof linkMetrics>;
export type ClusterMetricSet = ReturnType<typeof clusterMetrics>;
export type LeadershipMetricSet = ReturnType<typeof leadershipMetrics>;
