import type { Socket } from "node:net";
import { ByteSource, connectPlain, connectSecure } from "@freshet/adapter-core";
import { OperationalError } from "@freshet/util";
import { sslRequest } from "@freshet/pg-wire";
import type { UpstreamAddress } from "./url.ts";

/**
 * A socket to the upstream, encrypted as its `sslmode` says. The caller bounds the time with
 * `signal`; an abort destroys what was opened.
 */
export async function openSocket(address: UpstreamAddress, signal: AbortSignal): Promise<Socket> {
  const { sslMode } = address;
  // A unix socket is never encrypted, as with libpq.
  if (sslMode === "disable" || address.socketPath !== null) return connectPlain(address, signal);
  if (sslMode === "allow") return connectPlain(address, signal);
  const socket = await connectPlain(address, signal);
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
  if (answer === 0x53) return connectSecure(socket, address.tls, signal);
  if (answer === 0x4e && sslMode === "prefer") return socket;
  socket.destroy();
  throw new OperationalError("the upstream does not support TLS, but sslmode requires it");
}
