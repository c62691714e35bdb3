import { connect as connectNet, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { OperationalError } from "@freshet/util";
import { sslRequest } from "@freshet/pg-wire";
import { ByteSource } from "../byte-source.ts";
import type { UpstreamAddress } from "./url.ts";

/**
 * A socket to the upstream, encrypted as its `sslmode` says. The caller bounds the time with
 * `signal`; an abort destroys what was opened.
 */
export async function openSocket(address: UpstreamAddress, signal: AbortSignal): Promise<Socket> {
  const { sslMode } = address;
  // A unix socket is never encrypted, as with libpq.
  if (sslMode === "disable" || address.socketPath !== null) return openPlain(address, signal);
  if (sslMode === "allow") return openPlain(address, signal);
  const socket = await openPlain(address, signal);
  const source = new ByteSource(socket);
  let answer: number | undefined;
  try {
    socket.write(sslRequest());
    answer = (await source.read(1))[0];
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const rest = source.release();
  // Bytes before the handshake could be an attacker's (CVE-2021-23222).
  if (rest.length > 0) {
    socket.destroy();
    throw new OperationalError("the upstream sent data between SSLRequest and the TLS handshake");
  }
  if (answer === 0x53) return encrypt(address, socket, signal);
  if (answer === 0x4e && sslMode === "prefer") return socket;
  socket.destroy();
  throw new OperationalError("the upstream does not support TLS, but sslmode requires it");
}

async function openPlain(address: UpstreamAddress, signal: AbortSignal): Promise<Socket> {
  const socket =
    address.socketPath === null
      ? connectNet({ host: address.host, port: address.port, noDelay: true, keepAlive: true })
      : connectNet({ path: address.socketPath });
  await settled(socket, "connect", signal);
  return socket;
}

async function encrypt(
  address: UpstreamAddress,
  socket: Socket,
  signal: AbortSignal,
): Promise<Socket> {
  const secure = connectTls({ ...address.tls, socket });
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
