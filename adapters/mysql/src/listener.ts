import type { Socket } from "node:net";
import { ClientListener, type ListenAddress } from "@freshet/adapter-core";
import { ERROR, errPacket, packet, ProtocolViolation } from "@freshet/mysql-wire";
import { authenticate } from "./auth/authenticate.ts";
import type { AdapterContext } from "./context.ts";
import { learnTemplate } from "./learn.ts";
import { Session } from "./session.ts";
import { type Startup, StartupDialog } from "./startup.ts";
import { templateKey } from "./template.ts";
import { type UpstreamLogin, UpstreamRefused } from "./upstream/connect.ts";

/** Error a client library reports when it cannot reach a server. */
const CANNOT_CONNECT = { code: 2003, sqlState: "HY000" };

export interface ListenerOptions extends ListenAddress {
  readonly context: AdapterContext;
}

/** Greets clients and begins their sessions. */
export class Listener extends ClientListener<StartupDialog, Session> {
  readonly #context: AdapterContext;

  constructor(options: ListenerOptions) {
    super(options.context, options);
    this.#context = options.context;
  }

  protected override dialog(socket: Socket): StartupDialog {
    return new StartupDialog(socket, this.#context.tls);
  }

  protected override refusal(dialog: StartupDialog, error: unknown): Buffer | null {
    if (error instanceof ProtocolViolation) return errorOf(dialog, error, error.message);
    return error instanceof UpstreamRefused ? errorOf(dialog, error, error.text) : null;
  }

  protected override unreachable(dialog: StartupDialog, reason: string): Buffer {
    return errorOf(dialog, CANNOT_CONNECT, `Can't connect to the upstream MySQL server: ${reason}`);
  }

  protected override shuttingDown(): Error {
    return new ProtocolViolation("Server shutdown in progress", ERROR.serverShutdown);
  }

  protected override async greet(dialog: StartupDialog): Promise<void> {
    const context = this.#context;
    if (this.refusing) throw this.shuttingDown();
    if (this.tooMany) {
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
        this.left(closed);
      },
    });
    context.cancels.register(threadId, session);
    this.entered(session, dialog);
    session.socket.write(ok);
    session.start(rest);
  }
}

function unicode(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function errorOf(
  { packets, beforeGreeting }: StartupDialog,
  { code, sqlState }: { readonly code: number; readonly sqlState: string },
  message: string,
): Buffer {
  return packet(packets.sequence, errPacket({ code, sqlState, message }, beforeGreeting));
}
