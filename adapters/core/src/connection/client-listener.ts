import { createServer, type Server, type Socket } from "node:net";
import { messageOf } from "@freshet/util";
import type { CommonContext } from "./adapter-context.ts";
import type { AdapterStatistics, ConnectedClient, DrainOptions } from "./adapter-options.ts";
import { PeerGone } from "./byte-source.ts";
import type { SessionDrain } from "./session-drain.ts";

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
  /** Ends a dialog that waits for its client; another one goes on. */
  refuse(error: Error): void;
}

export interface ListedSession {
  readonly socket: Socket;
  readonly user: string;
  readonly draining: SessionDrain;
}

/** How long a client that was refused may take to read why. */
const LAST_WORDS_MS = 2000;
/** How long clients may go on logging in after the last one was accepted. */
const LOGIN_MS = 1000;

/** Accepts clients, has them greeted and keeps account of their sessions. */
export abstract class ClientListener<Dialog extends OpeningDialog, Session extends ListedSession> {
  readonly #address: ListenAddress;
  readonly #common: CommonContext;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** With the time when they began. */
  readonly #sessions = new Map<Session, number>();
  /** With the sockets they were accepted on. */
  readonly #dialogs = new Map<Dialog, Socket>();
  #draining = false;
  #drainLimitMs = 0;
  #refusing = false;
  #cutting = false;
  #whenEmpty: (() => void) | null = null;
  #drained: Promise<void> | null = null;
  readonly #hurried = new AbortController();

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

  /** What a client is refused with while the adapter ends. */
  protected abstract shuttingDown(): Error;

  /** Who has not logged in yet is not let in any more. */
  protected get refusing(): boolean {
    return this.#refusing;
  }

  protected get tooMany(): boolean {
    return this.#sockets.size > this.#common.limits.maxConnections;
  }

  /** For SHOW CONNECTIONS. */
  get clients(): ConnectedClient[] {
    return [...this.#sessions.keys()].map(({ socket, user }) => ({
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
    this.#dialogs.set(dialog, socket);
    const timer = setTimeout(
      () => dialog.abort(new PeerGone("start-up took too long")),
      this.#common.limits.startupTimeoutMs,
    );
    this.greet(dialog)
      .catch((error: unknown) => this.#refuse(dialog, error))
      .finally(() => {
        clearTimeout(timer);
        this.#dialogs.delete(dialog);
      });
  }

  #refuse(dialog: Dialog, error: unknown): void {
    const { socket } = dialog;
    if (error instanceof PeerGone || isSocketError(error)) {
      socket.destroy();
      return;
    }
    const known = this.refusal(dialog, error);
    const kind = this.#draining ? "draining" : known === null ? "unreachable" : "login";
    this.#common.metrics.clientRefused(kind);
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

  /** A session has begun after this dialog, perhaps on another object (TLS) than was accepted. */
  protected entered(session: Session, dialog: Dialog): void {
    const accepted = this.#dialogs.get(dialog);
    if (accepted !== undefined && session.socket !== accepted) {
      this.#sockets.delete(accepted);
      this.#track(session.socket);
    }
    const now = performance.now();
    this.#sessions.set(session, now);
    if (this.#draining) this.#drainSession(session, now);
  }

  protected left(session: Session): void {
    if (!this.#sessions.delete(session) || !this.#draining) return;
    this.#common.metrics.sessionDrained(this.#cutting ? "cut" : "ended");
  }

  /** See `Adapter.drain`. */
  drain({ delayMs, limitMs }: DrainOptions): Promise<void> {
    if (this.#drained === null) {
      this.#drained = this.#drain(delayMs, limitMs);
      return this.#drained;
    }
    const timer = setTimeout(() => this.#hurried.abort(), delayMs + limitMs);
    return this.#drained.finally(() => clearTimeout(timer));
  }

  async #drain(delayMs: number, limitMs: number): Promise<void> {
    if (delayMs > 0) await within(delayMs, this.#hurried.signal);
    this.#draining = true;
    this.#drainLimitMs = limitMs;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const refusing = setTimeout(() => this.#refuseAll(), Math.min(LOGIN_MS, limitMs));
    for (const [session, sinceMs] of this.#sessions) this.#drainSession(session, sinceMs);
    await within(limitMs, this.#hurried.signal, this.#emptied());
    clearTimeout(refusing);
    this.#refuseAll();
    const inSession = new Set([...this.#sessions.keys()].map(({ socket }) => socket));
    for (const socket of this.#sockets) {
      if (!inSession.has(socket) && !socket.writableEnded) socket.destroy();
    }
    this.#cutting = true;
    for (const session of [...this.#sessions.keys()]) session.draining.cut();
    const { lastAnswerMs, interruptedAnswerMs } = this.#common.limits;
    await within(lastAnswerMs + interruptedAnswerMs + LAST_WORDS_MS, null, this.#emptied());
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #refuseAll(): void {
    this.#refusing = true;
    for (const dialog of this.#dialogs.keys()) dialog.refuse(this.shuttingDown());
  }

  #drainSession(session: Session, sinceMs: number): void {
    const leftMs = sinceMs + this.#common.limits.welcomeMs - performance.now();
    if (leftMs <= 0) session.draining.begin(this.#drainLimitMs);
    else setTimeout(() => session.draining.begin(this.#drainLimitMs), leftMs).unref();
  }

  /** Resolves when no client is connected. */
  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
      if (this.#sockets.size === 0) resolve();
    });
  }
}

/** Resolves after this time, or sooner: when aborted, or with `done`. */
async function within(ms: number, signal: AbortSignal | null, done?: Promise<void>): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish);
    void done?.then(finish);
  });
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
