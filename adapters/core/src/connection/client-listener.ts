import { createServer, type Server, type Socket } from "node:net";
import { messageOf } from "@freshet/util";
import type { CommonContext } from "./adapter-context.ts";
import type { AdapterStatistics, ConnectedClient } from "./adapter-options.ts";
import { PeerGone } from "./byte-source.ts";

export interface ListenAddress {
  readonly address: string;
  readonly port: number;
  readonly reusePort: boolean;
}

/** The dialog before a session: greeting, encryption, start-up. */
export interface OpeningDialog {
  /** The one to go on with: the TLS one when encrypted. */
  readonly socket: Socket;
  /** Ends a dialog that takes too long. */
  abort(error: Error): void;
}

export interface ListedSession {
  readonly socket: Socket;
  readonly user: string;
  /** Ends it between transactions. */
  drain(): void;
}

/** How long a client that was refused may take to read why. */
const LAST_WORDS_MS = 2000;

/** Accepts clients, has them greeted and keeps account of their sessions. */
export abstract class ClientListener<Dialog extends OpeningDialog, Session extends ListedSession> {
  readonly #address: ListenAddress;
  readonly #common: CommonContext;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  #draining = false;
  #whenEmpty: (() => void) | null = null;

  constructor(common: CommonContext, address: ListenAddress) {
    this.#common = common;
    this.#address = address;
    this.#server = createServer(
      { noDelay: true, keepAlive: true, pauseOnConnect: true },
      (socket) => this.#accept(socket),
    );
  }

  protected abstract dialog(socket: Socket): Dialog;

  /** The whole of it, until the session runs. What it rejects with is said to the client. */
  protected abstract greet(dialog: Dialog): Promise<void>;

  /** The message that says a known error; null for an unknown one. */
  protected abstract refusal(dialog: Dialog, error: unknown): Buffer | null;

  /** The message that says why the upstream cannot be reached. */
  protected abstract unreachable(dialog: Dialog, reason: string): Buffer;

  /** Says that the adapter ends, and ends the session. */
  protected abstract cut(session: Session): void;

  protected get draining(): boolean {
    return this.#draining;
  }

  protected get tooMany(): boolean {
    return this.#sockets.size > this.#common.limits.maxConnections;
  }

  /** For SHOW CONNECTIONS. */
  get clients(): ConnectedClient[] {
    return [...this.#sessions].map(({ socket, user }) => ({
      client: `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? "?"}`,
      user,
    }));
  }

  get statistics(): AdapterStatistics {
    const { upstreamConnections, hits, forwards, forwardsByReason } = this.#common.counters;
    return {
      connections: this.#sockets.size,
      upstreamConnections,
      hits,
      forwards,
      forwardsByReason: Object.fromEntries(forwardsByReason),
    };
  }

  /** Resolves with the port; rejects when it cannot be had. */
  async listen(): Promise<number> {
    const { address: host, port, reusePort } = this.#address;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, reusePort, backlog: 1024 }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) =>
          this.#common.logger.error({ error: messageOf(error) }, "listener failed"),
        );
        resolve();
      });
    });
    const bound = this.#server.address();
    return bound !== null && typeof bound === "object" ? bound.port : port;
  }

  #accept(socket: Socket): void {
    this.#common.metrics.connectionOpened();
    this.#track(socket);
    const dialog = this.dialog(socket);
    const timer = setTimeout(
      () => dialog.abort(new PeerGone("start-up took too long")),
      this.#common.limits.startupTimeoutMs,
    );
    this.greet(dialog)
      .catch((error: unknown) => this.#refuse(dialog, error))
      .finally(() => clearTimeout(timer));
  }

  #refuse(dialog: Dialog, error: unknown): void {
    const { socket } = dialog;
    if (error instanceof PeerGone || isSocketError(error)) {
      socket.destroy();
      return;
    }
    const known = this.refusal(dialog, error);
    if (known !== null) return sayLast(socket, known);
    const reason = messageOf(error);
    this.#common.logger.warn({ error: reason }, "a client could not be greeted");
    sayLast(socket, this.unreachable(dialog, reason));
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (!this.#sockets.delete(socket)) return;
      this.#common.metrics.connectionClosed();
      if (this.#sockets.size === 0) this.#whenEmpty?.();
    });
  }

  /** A session has begun on this dialog's socket, which may be another object from now on. */
  protected entered(session: Session, { socket }: { readonly socket: Socket }): void {
    if (session.socket !== socket) {
      this.#sockets.delete(socket);
      this.#track(session.socket);
    }
    this.#sessions.add(session);
  }

  protected left(session: Session): void {
    this.#sessions.delete(session);
  }

  /** Stops accepting; ends sessions between transactions; cuts the rest after `drainMs`. */
  async close(drainMs: number): Promise<void> {
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
      if (this.#sockets.size === 0) resolve();
    });
    for (const session of this.#sessions) session.drain();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([empty, limit]);
    clearTimeout(timer);
    for (const session of [...this.#sessions]) this.cut(session);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function isSocketError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "ECONNRESET" || code === "EPIPE";
}

/** Input is read and dropped, so that closing does not reset the connection under the message. */
function sayLast(socket: Socket, bytes: Buffer): void {
  socket.on("error", () => undefined);
  if (socket.writable) socket.end(bytes);
  socket.resume();
  setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
}
