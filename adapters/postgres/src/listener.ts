import type { Socket } from "node:net";
import { ClientListener, type ListenAddress } from "@freshet/adapter-core";
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
import { authenticate } from "./auth/authenticate.ts";
import type { AdapterContext } from "./context.ts";
import { learnTemplate } from "./learn.ts";
import { passThrough } from "./pass-through.ts";
import { Session } from "./session.ts";
import { protocolVersion, type Startup, StartupDialog } from "./startup.ts";
import { templateKey } from "./template.ts";
import { UpstreamRefused } from "./upstream/connect.ts";

export interface ListenerOptions extends ListenAddress {
  readonly context: AdapterContext;
  readonly onForeignCancel: (threadIndex: number, key: Buffer) => void;
}

/** Greets clients and begins their sessions. */
export class Listener extends ClientListener<StartupDialog, Session> {
  readonly #context: AdapterContext;
  readonly #onForeignCancel: ListenerOptions["onForeignCancel"];

  constructor(options: ListenerOptions) {
    super(options.context, options);
    this.#context = options.context;
    this.#onForeignCancel = options.onForeignCancel;
  }

  protected override dialog(socket: Socket): StartupDialog {
    return new StartupDialog(socket, this.#context.tls);
  }

  protected override refusal(_dialog: StartupDialog, error: unknown): Buffer | null {
    if (error instanceof ProtocolViolation) return fatal(error.code, error.message);
    return error instanceof UpstreamRefused ? error.frame : null;
  }

  protected override unreachable(_dialog: StartupDialog, reason: string): Buffer {
    return fatal("08006", `could not connect to the upstream: ${reason}`);
  }

  protected override shuttingDown(): Error {
    return new ProtocolViolation("the database system is shutting down", "57P03");
  }

  protected override async greet(dialog: StartupDialog): Promise<void> {
    const startup = await dialog.run();
    if (startup.kind === "cancel") {
      const foreign = this.#context.cancels.request(startup.key);
      if (foreign !== null) this.#onForeignCancel(foreign, Buffer.from(startup.key));
      dialog.socket.destroy();
      return;
    }
    await this.#authenticate(startup);
    await this.#begin(dialog, startup);
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
    if (this.refusing) throw this.shuttingDown();
    if (this.tooMany) {
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

  async #begin(dialog: StartupDialog, startup: SessionStartup): Promise<void> {
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
        this.left(closed);
      },
    });
    const key = context.cancels.register(session, startup.minor);
    processId = key.processId;
    this.entered(session, dialog);
    const greeting = [...shown].map(([name, value]) => parameterStatus(name, value));
    greeting.push(backendKeyData(key.processId, key.secret), readyForQuery(STATUS.idle));
    session.socket.write(Buffer.concat(greeting));
    session.start(rest);
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

function fatal(code: string, message: string): Buffer {
  return errorResponse({ severity: "FATAL", code, message });
}
