import type { Socket } from "node:net";
import { backendKeyData, parameterStatus, readyForQuery, STATUS } from "@freshet/pg-wire";
import type { AdapterContext } from "./context.ts";
import { cancelUpstream } from "./upstream/cancel.ts";
import type { UpstreamConnection } from "./upstream/connect.ts";

/**
 * A replication client: after the start-up, bytes go both ways as they are, each side paused
 * while the other is full.
 */
export function passThrough(
  context: AdapterContext,
  client: Socket,
  rest: Buffer,
  connection: UpstreamConnection,
): void {
  const upstream = connection.socket;
  const { cancelKey } = connection;
  const key = context.cancels.register(
    {
      cancel: () => {
        if (cancelKey !== null) void cancelUpstream(context.upstream, cancelKey);
      },
    },
    0,
  );
  context.metrics.upstreamOpened();
  context.counters.upstreamConnections += 1;
  upstream.once("close", () => {
    context.cancels.forget(key.processId);
    context.metrics.upstreamClosed();
    context.counters.upstreamConnections -= 1;
    client.end();
  });
  client.once("close", () => upstream.destroy());
  client.once("end", () => upstream.end());
  upstream.on("error", () => client.destroy());
  client.write(
    Buffer.concat([
      ...[...connection.parameters].map(([name, value]) => parameterStatus(name, value)),
      backendKeyData(key.processId, key.secret),
      readyForQuery(STATUS.idle),
    ]),
  );
  if (connection.rest.length > 0) client.write(connection.rest);
  if (rest.length > 0) upstream.write(rest);
  client.pipe(upstream, { end: false });
  upstream.pipe(client, { end: false });
}
