import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ByteSource, handshakeDone, type ServerTls } from "@freshet/adapter-core";
import {
  CLIENT,
  createScramble,
  encodeHandshake,
  type HandshakeResponse,
  isSslRequest,
  parseHandshakeResponse,
} from "@freshet/mysql-wire";
import { offeredCapabilities } from "./capabilities.ts";
import type { ServerFace } from "./greetings.ts";
import { PacketDialog } from "./packet-dialog.ts";

export interface Startup {
  readonly response: HandshakeResponse;
  /** Capabilities both sides have. */
  readonly capabilities: number;
  readonly scramble: Buffer;
  readonly encrypted: boolean;
}

/** The dialog before authentication: greeting, TLS, the client's response. */
export class StartupDialog {
  readonly #tls: ServerTls | null;
  readonly #scramble = createScramble();
  #dialog: PacketDialog;
  #encrypted = false;

  constructor(socket: Socket, tls: ServerTls | null) {
    this.#tls = tls;
    this.#dialog = new PacketDialog(socket, new ByteSource(socket));
  }

  get socket(): Socket {
    return this.#dialog.socket;
  }

  get packets(): PacketDialog {
    return this.#dialog;
  }

  /** True until the greeting has gone: an ERR has no SQLSTATE before it. */
  beforeGreeting = true;

  /** Ends a dialog that takes too long. */
  abort(error: Error): void {
    this.#dialog.source.fail(error);
    this.socket.destroy();
  }

  /** Ends a dialog that waits for its client; the error says why. */
  refuse(error: Error): void {
    this.#dialog.source.fail(error);
  }

  /** Throws PeerGone to drop the connection without a word, ProtocolViolation to say why. */
  async run(face: ServerFace, threadId: number): Promise<Startup> {
    const offered = offeredCapabilities(face.capabilities, this.#tls !== null);
    this.#dialog.send(
      encodeHandshake({
        serverVersion: face.serverVersion,
        threadId,
        scramble: this.#scramble,
        capabilities: offered,
        extended: 0,
        charset: face.charset,
        status: face.status,
        authPlugin: face.plugin,
      }),
    );
    this.beforeGreeting = false;
    let payload = await this.#dialog.receive();
    if (this.#tls !== null && isSslRequest(payload, 0, payload.length)) {
      await this.#encrypt(this.#tls);
      payload = await this.#dialog.receive();
    }
    const response = parseHandshakeResponse(payload, 0, payload.length);
    return {
      response,
      capabilities: (response.capabilities & (offered | CLIENT.mysql)) >>> 0,
      scramble: this.#scramble,
      encrypted: this.#encrypted,
    };
  }

  async #encrypt(tls: ServerTls): Promise<void> {
    const { socket, source, sequence } = this.#dialog;
    // Clients do not wait: what has come behind the request is the handshake's, or fails there.
    const rest = source.release();
    if (rest.length > 0) socket.unshift(rest);
    const secure = new TLSSocket(socket, { isServer: true, secureContext: tls.context });
    this.#dialog = new PacketDialog(secure, new ByteSource(secure), sequence);
    await handshakeDone(secure);
    this.#encrypted = true;
  }
}
