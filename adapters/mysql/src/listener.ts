import { createServer, type Server, type Socket } from "node:net";
import { PeerGone } from "@freshet/adapter-core";
import { ERROR, errPacket, packet, ProtocolViolation } from "@freshet/mysql-wire";
import { messageOf } from "@freshet/util";
import { authenticate } from "./auth/authenticate.ts";
import type { AdapterContext } from "./context.ts";
import { learnTemplate } from "./learn.ts";
import { Session } from "./session.ts";
import { type Startup, StartupDialog } from "./startup.ts";
import { templateKey } from "./template.ts";
import { type UpstreamLogin, UpstreamRefused } from "./upstream/connect.ts";

/** Error a client library reports when it cannot reach a server. */
const CANNOT_CONNECT = 2003;

export interface ListenerOptions {
  readonly context: AdapterContext;
  readonly address: string;
  readonly port: number;
  readonly reusePort: boolean;
}

/** Accepts clients, greets them and keeps account of their sessions. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #context: AdapterContext;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  #draining = false;
  #whenEmpty: (() => void) | null = null;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#context = options.context;
    this.#server = createServer(
      { noDelay: true, keepAlive: true, pauseOnConnect: true },
      (socket) => this.#accept(socket),
    );
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** For SHOW CONNECTIONS. */
  get clients(): { readonly client: string; readonly user: string }[] {
    return [...this.#sessions].map(({ socket, user }) => ({
      client: `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? "?"}`,
      user,
    }));
  }

  /** Resolves with the port; rejects when it cannot be had. */
  async listen(): Promise<number> {
    const { address: host, port, reusePort } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, reusePort, backlog: 1024 }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) =>
          this.#context.logger.error({ error: messageOf(error) }, "listener failed"),
        );
        resolve();
      });
    });
    const bound = this.#server.address();
    return bound !== null && typeof bound === "object" ? bound.port : port;
  }

  #accept(socket: Socket): void {
    const { metrics, limits } = this.#context;
    metrics.connectionOpened();
    this.#track(socket);
    const dialog = new StartupDialog(socket, this.#context.tls);
    const timer = setTimeout(
      () => dialog.abort(new PeerGone("start-up took too long")),
      limits.startupTimeoutMs,
    );
    this.#greet(dialog)
      .catch((error: unknown) => this.#refuse(dialog, error))
      .finally(() => clearTimeout(timer));
  }

  #refuse(dialog: StartupDialog, error: unknown): void {
    const { socket, packets, beforeGreeting } = dialog;
    const say = (code: number, sqlState: string, message: string) =>
      sayLast(
        socket,
        packet(packets.sequence, errPacket({ code, sqlState, message }, beforeGreeting)),
      );
    if (error instanceof ProtocolViolation) say(error.code, error.sqlState, error.message);
    else if (error instanceof UpstreamRefused) say(error.code, error.sqlState, error.text);
    else if (error instanceof PeerGone || isSocketError(error)) socket.destroy();
    else {
      const reason = messageOf(error);
      this.#context.logger.warn({ error: reason }, "a client could not be greeted");
      say(CANNOT_CONNECT, "HY000", `Can't connect to the upstream MySQL server: ${reason}`);
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (!this.#sockets.delete(socket)) return;
      this.#context.metrics.connectionClosed();
      if (this.#sockets.size === 0) this.#whenEmpty?.();
    });
  }

  async #greet(dialog: StartupDialog): Promise<void> {
    const context = this.#context;
    if (this.#draining) {
      throw new ProtocolViolation("Server shutdown in progress", ERROR.serverShutdown);
    }
    if (this.#sockets.size > context.limits.maxConnections) {
      throw new ProtocolViolation("Too many connections", ERROR.conCount);
    }
    const face = await context.greetings.face();
    const threadId = context.cancels.reserve();
    const startup = await dialog.run(face, threadId);
    await this.#authenticate(dialog, startup, face.plugin);
    await this.#begin(dialog, startup, threadId);
  }

  async #authenticate(
    dialog: StartupDialog,
    startup: Startup,
    defaultPlugin: string,
  ): Promise<void> {
    const context = this.#context;
    const { response, encrypted, scramble } = startup;
    if (context.tls?.required === true && !encrypted) {
      throw new ProtocolViolation(
        "Connections using insecure transport are prohibited.",
        ERROR.secureTransportRequired,
      );
    }
    const password = context.password(unicode(response.user));
    const accepted = await authenticate(dialog.packets, {
      password,
      scramble,
      defaultPlugin,
      plugin: response.authPlugin,
      response: response.authResponse,
      encrypted,
      trusted: context.allowUnauthenticated,
    });
    if (accepted) return;
    const using = response.authResponse.length > 0 ? "YES" : "NO";
    throw new ProtocolViolation(
      `Access denied for user '${response.user}' (using password: ${using})`,
      ERROR.accessDenied,
    );
  }

  async #begin(dialog: StartupDialog, startup: Startup, threadId: number): Promise<void> {
    const context = this.#context;
    const { response, capabilities, scramble, encrypted } = startup;
    const { socket, packets } = dialog;
    const user = unicode(response.user);
    const login: UpstreamLogin = {
      capabilities,
      maxPacketBytes: response.maxPacketBytes,
      charset: response.charset,
      user: response.user,
      password: context.password(user),
      database: response.database,
      attributes: response.attributes,
    };
    const greet = (as: UpstreamLogin) =>
      context.templates.get(templateKey(as), context.router.accessGeneration, () =>
        learnTemplate(context, as),
      );
    const { template, connection } = await greet(login);
    if (socket.destroyed) {
      connection?.socket.destroy();
      return;
    }
    const ok = packet(packets.sequence, template.ok);
    const rest = packets.source.release();
    const session = new Session({
      context,
      socket,
      threadId,
      scramble,
      encrypted,
      login,
      user,
      template,
      connection,
      greet,
      onClose: (closed) => {
        context.cancels.forget(threadId);
        this.#sessions.delete(closed);
      },
    });
    if (session.socket !== socket) {
      this.#sockets.delete(socket);
      this.#track(session.socket);
    }
    context.cancels.register(threadId, session);
    this.#sessions.add(session);
    session.socket.write(ok);
    session.start(rest);
    if (this.#draining) session.drain();
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
    for (const session of [...this.#sessions]) {
      session.fatal(ERROR.serverShutdown, "08S01", "Server shutdown in progress");
    }
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function unicode(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
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
  setTimeout(() => socket.destroy(), 2000).unref();
}
