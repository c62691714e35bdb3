import { createServer, type Server, type Socket } from "node:net";
import { PeerGone } from "@freshet/adapter-core";
import {
  AUTHENTICATION_OK,
  backendKeyData,
  errorResponse,
  negotiateProtocolVersion,
  parameterStatus,
  ProtocolViolation,
  readyForQuery,
  STATUS,
} from "@freshet/pg-wire";
import { messageOf } from "@freshet/util";
import { authenticate } from "./auth/authenticate.ts";
import type { AdapterContext } from "./context.ts";
import { learnTemplate } from "./learn.ts";
import { passThrough } from "./pass-through.ts";
import { Session } from "./session.ts";
import { protocolVersion, type Startup, StartupDialog } from "./startup.ts";
import { templateKey } from "./template.ts";
import { UpstreamRefused } from "./upstream/connect.ts";

export interface ListenerOptions {
  readonly context: AdapterContext;
  readonly address: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly onForeignCancel: (threadIndex: number, key: Buffer) => void;
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
    const { metrics, limits, logger } = this.#context;
    metrics.connectionOpened();
    this.#track(socket);
    const dialog = new StartupDialog(socket, this.#context.tls);
    const timer = setTimeout(
      () => dialog.abort(new PeerGone("start-up took too long")),
      limits.startupTimeoutMs,
    );
    this.#greet(dialog)
      .catch((error: unknown) => {
        const current = dialog.socket;
        if (error instanceof ProtocolViolation) refuse(current, error.code, error.message);
        else if (error instanceof UpstreamRefused) say(current, error.frame);
        else if (error instanceof PeerGone) current.destroy();
        else if (isSocketError(error)) current.destroy();
        else {
          logger.warn({ error: messageOf(error) }, "a client could not be greeted");
          refuse(current, "08006", `could not connect to the upstream: ${messageOf(error)}`);
        }
      })
      .finally(() => clearTimeout(timer));
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
    const startup = await dialog.run();
    if (startup.kind === "cancel") {
      const foreign = this.#context.cancels.request(startup.key);
      if (foreign !== null) this.#options.onForeignCancel(foreign, Buffer.from(startup.key));
      dialog.socket.destroy();
      return;
    }
    await this.#authenticate(startup);
    await this.#begin(startup);
  }

  async #authenticate(startup: SessionStartup): Promise<void> {
    const context = this.#context;
    const { socket, source, negotiate } = startup;
    const user = parameter(startup, "user");
    if (user === "") {
      throw new ProtocolViolation("no PostgreSQL user name specified in startup packet", "28000");
    }
    if (negotiate !== null) {
      socket.write(negotiateProtocolVersion(protocolVersion(startup.minor), negotiate));
    }
    if (this.#draining)
      throw new ProtocolViolation("the database system is shutting down", "57P03");
    if (this.#sockets.size > context.limits.maxConnections) {
      throw new ProtocolViolation("sorry, too many clients already", "53300");
    }
    if (context.tls?.required === true && !startup.encrypted) {
      throw new ProtocolViolation("connections without TLS are not accepted", "28000");
    }
    if (context.allowUnauthenticated) return;
    await authenticate(socket, source, {
      method: context.authenticationMethod,
      user,
      password: context.password(user),
      channelBinding: startup.encrypted ? (context.tls?.endPoint ?? null) : null,
    });
  }

  async #begin(startup: SessionStartup): Promise<void> {
    const { socket, source, parameters } = startup;
    const context = this.#context;
    const user = parameter(startup, "user");
    socket.write(AUTHENTICATION_OK);
    if (isReplication(parameter(startup, "replication"))) {
      const connection = await context.connect(parameters, user);
      return passThrough(context, socket, source.release(), connection);
    }
    const learn = () => learnTemplate(context, parameters, user);
    const applicationName = parameter(startup, "application_name");
    const greet = () =>
      isPlain(applicationName)
        ? context.templates.get(templateKey(parameters), context.router.accessGeneration, learn)
        : learn();
    const { template, connection } = await greet();
    if (socket.destroyed) {
      connection?.socket.destroy();
      return;
    }
    const shown = new Map(template.parameters);
    if (connection === null && shown.has("application_name")) {
      shown.set("application_name", applicationName);
    }
    let processId = 0;
    const rest = source.release();
    const session = new Session({
      context,
      socket,
      parameters,
      user,
      template: { ...template, parameters: shown },
      connection,
      greet,
      onClose: (closed) => {
        context.cancels.forget(processId);
        this.#sessions.delete(closed);
      },
    });
    if (session.socket !== socket) {
      this.#sockets.delete(socket);
      this.#track(session.socket);
    }
    const key = context.cancels.register(session, startup.minor);
    processId = key.processId;
    this.#sessions.add(session);
    const greeting = [...shown].map(([name, value]) => parameterStatus(name, value));
    greeting.push(backendKeyData(key.processId, key.secret), readyForQuery(STATUS.idle));
    session.socket.write(Buffer.concat(greeting));
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
      session.fatal("57P01", "terminating connection due to administrator command");
    }
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

type SessionStartup = Extract<Startup, { readonly kind: "session" }>;

/** Unicode; empty when absent. */
function parameter(startup: SessionStartup, name: string): string {
  const value = startup.parameters.find(([key]) => key === name)?.[1] ?? "";
  return Buffer.from(value, "latin1").toString("utf8");
}

/** Postgres cleans other names in its own way, which then must be asked. */
function isPlain(applicationName: string): boolean {
  return /^[\x20-\x7e]{0,63}$/.test(applicationName);
}

function isReplication(value: string): boolean {
  return value !== "" && !["false", "off", "no", "0", "f", "n"].includes(value.toLowerCase());
}

function isSocketError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "ECONNRESET" || code === "EPIPE";
}

function refuse(socket: Socket, code: string, message: string): void {
  say(socket, errorResponse({ severity: "FATAL", code, message }));
}

function say(socket: Socket, bytes: Buffer): void {
  socket.on("error", () => undefined);
  if (socket.writable) socket.end(bytes);
  // Input is read and dropped, so that closing does not reset the connection under the message.
  socket.resume();
  setTimeout(() => socket.destroy(), 2000).unref();
}
