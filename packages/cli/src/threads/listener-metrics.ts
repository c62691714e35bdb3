import type { AdapterMetrics } from "@freshet/adapter-core";
import type { Metrics } from "@freshet/telemetry";

/** Connects what a listener counts with the registry; what every hit counts stays a number. */
export function listenerMetrics(metrics: Metrics): Partial<AdapterMetrics> {
  const { adapter } = metrics;
  let received = 0;
  let sent = 0;
  metrics.onCollect(() => {
    adapter.clientReceivedBytes.inc(received);
    adapter.clientSentBytes.inc(sent);
    received = sent = 0;
  });
  return {
    connectionOpened() {
      adapter.clientConnections.inc();
      adapter.clientConnectionsOpened.inc();
    },
    connectionClosed: () => adapter.clientConnections.dec(),
    upstreamOpened() {
      adapter.upstreamConnections.inc();
      adapter.upstreamConnectionsOpened.inc();
    },
    upstreamClosed: () => adapter.upstreamConnections.dec(),
    hitTimed: (seconds) => adapter.hitSeconds.observe(seconds),
    missTimed: (seconds) => adapter.missSeconds.observe(seconds),
    forwardTimed: (seconds) => adapter.forwardSeconds.observe(seconds),
    clientRefused: (kind) => adapter.clientRefusals.inc({ kind }),
    sessionDrained: (how) => adapter.drainedSessions.inc({ how }),
    bytesFromClient(bytes) {
      received += bytes;
    },
    bytesToClient(bytes) {
      sent += bytes;
    },
  };
}
