import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Clock, ConfigurationError, type Logger, OperationalError } from "@freshet/util";
import type { LinkOptions } from "../link-base.ts";
import { PROTOCOL_VERSIONS, type ToAdapter, type ToServer } from "../messages.ts";
import { HandshakeChannel } from "./handshake-channel.ts";
import { dialHandshake } from "./handshake.ts";
import type { PeerIdentity, VersionRange } from "./identity.ts";
import { type TcpSecurity, channelOf, dialerTls } from "./security.ts";
import { TcpLink } from "./tcp-link.ts";

export interface DialOptions extends LinkOptions {
  /** `host:port`, `[v6]:port`. */
  readonly address: string;
  readonly identity: PeerIdentity;
  readonly security: TcpSecurity;
  /** So long the server may take to answer, and be silent afterwards. */
  readonly timeoutMs: number;
  /** Of the leader that is wanted: a server that leads another term is not it. */
  readonly term: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly versions?: VersionRange;
}

/**
 * A link to a server. Rejects with LinkRefused when one side does not want it, else (nobody
 * there, time out, TLS, garbage) with an error that says what happened; with OperationalError
 * when the signal is aborted.
 */
export async function dialTcp(options: DialOptions): Promise<TcpLink<ToServer, ToAdapter>> {
  const { address, identity, security, timeoutMs, term, clock, signal } = options;
  const { versions = PROTOCOL_VERSIONS } = options;
  const limit = new AbortController();
  const stop = () => limit.abort(new OperationalError("dialling was stopped"));
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  void clock.wait(timeoutMs, limit.signal).then(() => {
    limit.abort(new OperationalError(`${address} did not answer within ${timeoutMs} ms`));
  });
  const greetedMs = clock.monotonicMs();
  const socket = open(address, security);
  const channel = new HandshakeChannel(socket, limit.signal);
  try {
    await channel.connected(security.tls !== null);
    const agreement = await dialHandshake(
      channel,
      { identity, versions, term },
      { secret: security.secret, channel: channelOf(socket) },
    );
    const peer = { ...agreement.peer, protocol: agreement.protocol, address };
    const link = new TcpLink<ToServer, ToAdapter>({
      ...options,
      socket,
      frames: channel.frames,
      peer,
      greetedMs,
    });
    channel.release();
    return link;
  } catch (error) {
    socket.on("error", () => undefined);
    channel.release();
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    limit.abort();
  }
}

function open(address: string, security: TcpSecurity): Socket {
  const { host, port } = parseAddress(address);
  const target = { host, port, noDelay: true, keepAlive: true };
  if (security.tls === null) return connect(target);
  return connectTls({ ...target, ...dialerTls(security, host) });
}

function parseAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  const port = Number(address.slice(colon + 1));
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  if (colon < 1 || host === "" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConfigurationError(`${address} is no address: write host:port`);
  }
  return { host, port };
}
