import { connect as connectNet, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { OperationalError } from "@freshet/util";

/** Where an upstream listens. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
  /** A unix socket instead. */
  readonly socketPath: string | null;
}

/** Rejects, leaving no socket, on error or abort. */
export async function connectPlain(address: SocketAddress, signal: AbortSignal): Promise<Socket> {
  const socket =
    address.socketPath === null
      ? connectNet({ host: address.host, port: address.port, noDelay: true, keepAlive: true })
      : connectNet({ path: address.socketPath });
  await settled(socket, "connect", signal);
  return socket;
}

/** TLS over a connected socket, which is destroyed when that fails. */
export async function connectSecure(
  socket: Socket,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const secure = connectTls({ ...options, socket });
  await settled(secure, "secureConnect", signal);
  return secure;
}

/** Resolves on the event; rejects (and destroys the socket) on error or abort. */
function settled(socket: Socket, event: "connect" | "secureConnect", signal: AbortSignal) {
  return new Promise<void>((resolve, reject) => {
    const finish = (error: Error | null) => {
      socket.off(event, onEvent);
      socket.off("error", finish);
      socket.off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      if (error === null) return resolve();
      socket.once("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const onEvent = () => finish(null);
    const onAbort = () => finish(new OperationalError("connecting to the upstream took too long"));
    const onClose = () => finish(new OperationalError("the upstream closed the connection"));
    socket.once(event, onEvent);
    socket.once("error", finish);
    socket.once("close", onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
