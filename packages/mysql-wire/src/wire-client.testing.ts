import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import {
  CACHING_SHA2_PASSWORD,
  cachingSha2Response,
  encryptPassword,
} from "./auth/caching-sha2.ts";
import { NATIVE_PASSWORD, nativeResponse } from "./auth/native-password.ts";
import { CLIENT } from "./capabilities.ts";
import { AUTH_PACKET, CACHING_SHA2, parseAuthSwitchRequest } from "./handshake/auth-packets.ts";
import { parseHandshake } from "./handshake/greeting.ts";
import { encodeHandshakeResponse } from "./handshake/response.ts";
import { packet } from "./packet-builder.ts";
import { PacketScanner } from "./packet-scanner.ts";
import { parseErr } from "./replies/err.ts";
import { ReplyTracker } from "./replies/reply-tracker.ts";
import type { PacketKind } from "./replies/reply-tracker.ts";

/** A bare client on one socket, for watching a real server packet by packet. */

export interface SeenPacket {
  readonly kind: PacketKind;
  readonly sequence: number;
  readonly length: number;
  /** Only as much as came in one part when the packet is long. */
  readonly payload: Buffer;
  /** Where the tracker stood after it. */
  readonly moreResults: boolean;
}

export const BASE_CAPABILITIES =
  CLIENT.mysql |
  CLIENT.longFlag |
  CLIENT.connectWithDb |
  CLIENT.localFiles |
  CLIENT.protocol41 |
  CLIENT.transactions |
  CLIENT.secureConnection |
  CLIENT.multiStatements |
  CLIENT.multiResults |
  CLIENT.psMultiResults |
  CLIENT.pluginAuth |
  CLIENT.sessionTrack;

/** Long enough for what the tracker reads, short enough that long rows come in parts. */
const ASSEMBLE_LIMIT = 4096;

export class WireClient {
  readonly capabilities: number;
  readonly tracker: ReplyTracker;
  readonly #socket: Socket;
  readonly #scanner = new PacketScanner(ASSEMBLE_LIMIT);
  readonly #chunks: AsyncIterator<Buffer>;
  #lastSequence = 0;

  private constructor(socket: Socket, capabilities: number) {
    this.#socket = socket;
    this.#chunks = socket.iterator()[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.capabilities = capabilities;
    this.tracker = new ReplyTracker(capabilities);
  }

  static async connect(
    port: number,
    user: string,
    password: string,
    capabilities: number,
  ): Promise<WireClient> {
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    await once(socket, "connect");
    const client = new WireClient(socket, capabilities);
    await client.#authenticate(user, password);
    return client;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends a payload that begins a command. */
  send(payload: Buffer): void {
    this.#socket.write(packet(0, payload));
  }

  /** Sends data in the middle of a reply. */
  answer(payload: Buffer): void {
    this.#lastSequence = (this.#lastSequence + 1) & 0xff;
    this.#socket.write(packet(this.#lastSequence, payload));
  }

  /** A command and its whole reply; `onInfile` is asked for the file's contents. */
  async command(payload: Buffer, infile: readonly Buffer[] = []): Promise<SeenPacket[]> {
    const isAnswered = this.tracker.begin(payload[0] as number);
    this.send(payload);
    const seen: SeenPacket[] = [];
    while (isAnswered && !this.tracker.done) {
      seen.push(await this.next());
      if (this.tracker.awaitsClient) {
        for (const part of infile) this.answer(part);
        this.answer(Buffer.alloc(0));
        this.tracker.clientAnswered();
      }
    }
    return seen;
  }

  /** The next physical packet, told to the tracker. */
  async next(): Promise<SeenPacket> {
    const { scanner, payload } = await this.#packet();
    const { tracker } = this;
    const kind = tracker.packet(payload, 0, scanner.length);
    const { sequence, length } = scanner;
    while (!scanner.last) {
      if (!scanner.next()) await this.#more();
    }
    return { kind, sequence, length, payload, moreResults: tracker.moreResults };
  }

  async #packet(): Promise<{ scanner: PacketScanner; payload: Buffer }> {
    const scanner = this.#scanner;
    while (!scanner.next()) await this.#more();
    this.#lastSequence = scanner.sequence;
    const payload = Buffer.from(scanner.buffer.subarray(scanner.payloadAt, scanner.end));
    return { scanner, payload };
  }

  async #more(): Promise<void> {
    const chunk = await this.#chunks.next();
    if (chunk.done === true) throw new Error("the server closed the connection");
    this.#scanner.push(chunk.value);
  }

  async #authenticate(user: string, password: string): Promise<void> {
    const greeting = (await this.#packet()).payload;
    let { scramble, authPlugin } = parseHandshake(greeting, 0, greeting.length);
    const fast = (): Buffer =>
      authPlugin === CACHING_SHA2_PASSWORD
        ? cachingSha2Response(password, scramble)
        : nativeResponse(password, scramble);
    if (authPlugin !== CACHING_SHA2_PASSWORD) authPlugin = NATIVE_PASSWORD;
    this.answer(
      encodeHandshakeResponse({
        capabilities: this.capabilities,
        extended: 0,
        maxPacketBytes: 1 << 30,
        charset: 45,
        user,
        authResponse: fast(),
        database: "test",
        authPlugin,
        attributes: null,
        zstdLevel: null,
      }),
    );
    for (;;) {
      const { payload } = await this.#packet();
      switch (payload[0]) {
        case AUTH_PACKET.ok:
          return;
        case AUTH_PACKET.error:
          throw new Error(parseErr(payload, 0, payload.length).message);
        case AUTH_PACKET.authSwitch: {
          const to = parseAuthSwitchRequest(payload, 0, payload.length);
          authPlugin = to.plugin;
          scramble = to.data.subarray(0, 20);
          this.answer(fast());
          break;
        }
        default:
          if (payload[1] === CACHING_SHA2.fastAuthSuccess) break;
          if (payload[1] === CACHING_SHA2.performFullAuthentication) {
            this.answer(Buffer.from([CACHING_SHA2.requestPublicKey]));
            break;
          }
          this.answer(encryptPassword(password, scramble, payload.subarray(1).toString("latin1")));
      }
    }
  }
}
