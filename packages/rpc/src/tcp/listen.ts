import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Clock, type Logger, OperationalError, messageOf } from "@freshet/util";
import type { LinkOptions } from "../link-base.ts";
import { PROTOCOL_VERSIONS, type ToAdapter, type ToServer } from "../messages.ts";
import { HandshakeChannel } from "./handshake-channel.ts";
import { type Agreement, serveHandshake } from "./handshake.ts";
import type { Peer, PeerIdentity, VersionRange } from "./identity.ts";
import { SparseWarnings } from "./sparse-warnings.ts";
import { type TcpSecurity, channelOf, listenerTls } from "./security.ts";
import { TcpLink } from "./tcp-link.ts";
import { isToServer } from "./to-server-shape.ts";

/** `LinkOptions` are for each link. */
export interface ListenOptions extends LinkOptions {
  /** Port 0: any. */
  readonly address: { readonly host: string; readonly port: number };
  readonly identity: PeerIdentity;
  readonly security: TcpSecurity;
  /** A peer silent for so long is cut off. Both sides should have the same. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The term led now; null: adapters are told that this is not the leader. */
  readonly leading: () => number | null;
  /** Must attach its message handler in the same turn. */
  readonly accept: (link: TcpLink<ToAdapter, ToServer>, peer: Peer) => void;
  /** Somebody got no link, for this reason. */
  readonly refused?: (reason: string) => void;
  readonly versions?: VersionRange;
  /** Connections that have not yet proven who they are; beyond it the oldest is dropped. */
  readonly strangersLimit?: number;
}

export interface TcpListener {
  readonly address: { readonly host: string; readonly port: number };
  readonly links: ReadonlySet<TcpLink<ToAdapter, ToServer>>;
  /** Ends all links; new ones are accepted as `leading` says. */
  closeLinks(reason: string): void;
  /** Ends everything; resolves when the port is free. */
  close(): Promise<void>;
}

const STRANGERS = 1_024;
const HANDSHAKE_LIMIT_MS = 5_000;

/** Accepts adapters; rejects when the address cannot be listened on. */
export async function listenTcp(options: ListenOptions): Promise<TcpListener> {
  const listener = new Listener(options);
  await listener.listen();
  return listener;
}

interface Stranger {
  readonly socket: Socket;
  readonly limit: AbortController;
}

class Listener implements TcpListener {
  readonly #options: ListenOptions;
  readonly #server: Server;
  readonly #warnings: SparseWarnings;
  /** Oldest first, by the peer's address. */
  readonly #strangers = new Map<string, Stranger>();
  readonly links = new Set<TcpLink<ToAdapter, ToServer>>();

  constructor(options: ListenOptions) {
    const { tls } = options.security;
    this.#options = options;
    this.#warnings = new SparseWarnings(options.logger, options.clock);
    this.#server =
      tls === null
        ? createServer({ noDelay: true, keepAlive: true })
        : createTlsServer({ noDelay: true, keepAlive: true, ...listenerTls(tls) });
    // With TLS this is the socket below, so that an unfinished TLS handshake is bounded too.
    this.#server.on("connection", (socket: Socket) => this.#arrived(socket));
    this.#server.on(tls === null ? "connection" : "secureConnection", (socket: Socket) => {
      void this.#meet(socket);
    });
    this.#server.on("tlsClientError", (error: Error, socket: Socket) => {
      this.#warnings.warn(socket.remoteAddress ?? "", `TLS: ${error.message}`);
    });
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.address, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#server.on("error", (error) => {
      this.#warnings.warn("", `accepting adapters: ${error.message}`);
    });
  }

  closeLinks(reason: string): void {
    for (const link of [...this.links]) link.close(reason);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { limit } of this.#strangers.values()) limit.abort(new OperationalError("closing"));
    this.closeLinks("the server is closing");
    await closed;
  }

  #arrived(socket: Socket): void {
    const { clock, timeoutMs, strangersLimit = STRANGERS } = this.#options;
    const limitMs = Math.min(timeoutMs, HANDSHAKE_LIMIT_MS);
    const key = addressOf(socket);
    const limit = new AbortController();
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.#strangers.get(key)?.limit === limit) this.#strangers.delete(key);
      limit.abort(new OperationalError("the connection was closed"));
    });
    void clock.wait(limitMs, limit.signal).then(() => {
      limit.abort(new OperationalError(`no handshake within ${limitMs} ms`));
    });
    limit.signal.addEventListener("abort", () => {
      // Still a stranger: whoever has introduced himself is not in the map any more.
      if (this.#strangers.get(key)?.limit === limit) socket.destroy();
    });
    this.#strangers.set(key, { socket, limit });
    for (const { limit: oldest } of this.#strangers.values()) {
      if (this.#strangers.size <= strangersLimit) break;
      oldest.abort(new OperationalError("too many connections without a handshake"));
      this.#drop(oldest);
    }
  }

  #drop(limit: AbortController): void {
    for (const [key, stranger] of this.#strangers) {
      if (stranger.limit === limit) this.#strangers.delete(key);
    }
  }

  async #meet(socket: Socket): Promise<void> {
    const { identity, security, leading, clock, versions = PROTOCOL_VERSIONS } = this.#options;
    const address = addressOf(socket);
    const stranger = this.#strangers.get(address);
    if (stranger === undefined) return void socket.destroy();
    const channel = new HandshakeChannel(socket, stranger.limit.signal);
    const greetedMs = clock.monotonicMs();
    let agreement: Agreement;
    try {
      agreement = await serveHandshake(channel, () => ({ identity, versions, term: leading() }), {
        secret: security.secret,
        channel: channelOf(socket),
      });
    } catch (error) {
      channel.release();
      const reason = messageOf(error);
      this.#warnings.warn(socket.remoteAddress ?? address, reason);
      this.#options.refused?.(reason);
      socket.on("error", () => undefined);
      // What was refused in words must still leave; the limit destroys what does not.
      socket.end();
      socket.resume();
      return;
    }
    const { protocol, peer } = agreement;
    this.#strangers.delete(address);
    this.#accept(socket, channel, { ...peer, protocol, address }, greetedMs);
    stranger.limit.abort();
  }

  #accept(socket: Socket, channel: HandshakeChannel, peer: Peer, greetedMs: number): void {
    const { logger, accept } = this.#options;
    const link = new TcpLink<ToAdapter, ToServer>({
      ...this.#options,
      accepts: isToServer,
      socket,
      frames: channel.frames,
      peer,
      greetedMs,
    });
    channel.release();
    this.links.add(link);
    link.onClose(() => {
      this.links.delete(link);
      const fields = { adapter: peer.member, address: peer.address, reason: link.closeReason };
      logger.info(fields, "an adapter's link ended");
    });
    const { member, region, product, protocol, address } = peer;
    logger.info({ adapter: member, region, product, protocol, address }, "an adapter is linked");
    accept(link, peer);
  }
}

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
