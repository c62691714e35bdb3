import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ByteSource, handshakeDone, PeerGone } from "@freshet/adapter-core";
import { parseStartup, ProtocolViolation, STARTUP_CODE } from "@freshet/pg-wire";
import type { ServerTls } from "./tls.ts";

/** As Postgres: MAX_STARTUP_PACKET_LENGTH. */
const STARTUP_LIMIT_BYTES = 10_000;
const TLS_HANDSHAKE_BYTE = 0x16;
const NEWEST_MINOR = 2;
const MAJOR = 3;

export type Startup =
  | { readonly kind: "cancel"; readonly key: Buffer }
  | {
      readonly kind: "session";
      /** The socket to go on with: the TLS one when encrypted. */
      readonly socket: Socket;
      readonly source: ByteSource;
      readonly encrypted: boolean;
      /** Protocol minor version to speak: the client's, at most ours. */
      readonly minor: number;
      /** Non-null: NegotiateProtocolVersion is due, with these unknown options. */
      readonly negotiate: readonly string[] | null;
      /** Byte strings, without protocol options. */
      readonly parameters: readonly (readonly [string, string])[];
    };

/** The dialog before authentication: encryption requests, cancel, start-up packet. */
export class StartupDialog {
  readonly #tls: ServerTls | null;
  #socket: Socket;
  #source: ByteSource;
  #encrypted = false;
  #gssAsked = false;

  constructor(socket: Socket, tls: ServerTls | null) {
    this.#socket = socket;
    this.#tls = tls;
    this.#source = new ByteSource(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Ends a dialog that takes too long. */
  abort(error: Error): void {
    this.#source.fail(error);
    this.#socket.destroy();
  }

  /** Ends a dialog that waits for its client; the error says why. */
  refuse(error: Error): void {
    this.#source.fail(error);
  }

  /** Throws PeerGone to drop the connection without a word, ProtocolViolation to say why. */
  async run(): Promise<Startup> {
    const first = (await this.#source.peek(1))[0];
    if (first === TLS_HANDSHAKE_BYTE && this.#tls !== null) await this.#directTls();
    for (;;) {
      const packet = await this.#packet();
      const code = packet.readInt32BE(4);
      if (code === STARTUP_CODE.cancel) return { kind: "cancel", key: packet.subarray(8) };
      if (code === STARTUP_CODE.ssl && !this.#encrypted) await this.#answerSsl();
      else if (code === STARTUP_CODE.gss && !this.#gssAsked) this.#answerGss();
      else return this.#session(packet);
    }
  }

  async #packet(): Promise<Buffer> {
    const length = (await this.#source.peek(4)).readInt32BE(0);
    if (length < 8 || length > STARTUP_LIMIT_BYTES) throw new PeerGone("bad start-up length");
    return this.#source.read(length);
  }

  #answerGss(): void {
    this.#gssAsked = true;
    this.#refuseEarlyBytes();
    this.#socket.write("N");
  }

  async #answerSsl(): Promise<void> {
    // Plain bytes behind the request would be taken as if they had been encrypted
    // (CVE-2021-23214, CVE-2021-3935).
    this.#refuseEarlyBytes();
    if (this.#tls === null) {
      this.#socket.write("N");
      return;
    }
    this.#socket.write("S");
    this.#source.release();
    await this.#encrypt(this.#tls);
  }

  #refuseEarlyBytes(): void {
    if (this.#source.buffered.length > 0) {
      throw new ProtocolViolation("received unencrypted data after SSL request");
    }
  }

  async #directTls(): Promise<void> {
    const rest = this.#source.release();
    this.#socket.unshift(rest);
    const secure = await this.#encrypt(this.#tls as ServerTls);
    if (secure.alpnProtocol !== "postgresql") throw new PeerGone("direct TLS without ALPN");
  }

  async #encrypt(tls: ServerTls): Promise<TLSSocket> {
    const secure = new TLSSocket(this.#socket, {
      isServer: true,
      secureContext: tls.context,
      ALPNProtocols: ["postgresql"],
    });
    this.#socket = secure;
    await handshakeDone(secure);
    this.#encrypted = true;
    this.#source = new ByteSource(secure);
    return secure;
  }

  #session(packet: Buffer): Startup {
    const version = packet.readInt32BE(4) >>> 0;
    const major = version >>> 16;
    const minor = version & 0xffff;
    if (major !== MAJOR) {
      throw new ProtocolViolation(
        `unsupported frontend protocol ${major}.${minor}: server supports 3.0 to 3.${NEWEST_MINOR}`,
        "0A000",
      );
    }
    const { parameters } = parseStartup(packet);
    const unknown = parameters.map(([name]) => name).filter((name) => name.startsWith("_pq_."));
    return {
      kind: "session",
      socket: this.#socket,
      source: this.#source,
      encrypted: this.#encrypted,
      minor: Math.min(minor, NEWEST_MINOR),
      negotiate: minor > NEWEST_MINOR || unknown.length > 0 ? unknown : null,
      parameters: parameters.filter(([name]) => !name.startsWith("_pq_.")),
    };
  }
}

/** As NegotiateProtocolVersion carries it. */
export function protocolVersion(minor: number): number {
  return (MAJOR << 16) | minor;
}
