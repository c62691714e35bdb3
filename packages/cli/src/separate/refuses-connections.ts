import { connect } from "node:net";
import { parseAddress } from "@freshet/config";

const LIMIT_MS = 1_000;

/**
 * Whether the host is there and says that nobody listens at `host:port`. Silence says nothing: the
 * network may be cut, or the process stopped.
 */
export function refusesConnections(address: string): Promise<boolean> {
  const target = parseAddress(address);
  if (target === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ ...target, timeout: LIMIT_MS });
    const answer = (refuses: boolean): void => {
      socket.destroy();
      resolve(refuses);
    };
    socket.once("connect", () => answer(false));
    socket.once("timeout", () => answer(false));
    socket.once("error", (error: NodeJS.ErrnoException) => answer(error.code === "ECONNREFUSED"));
  });
}
