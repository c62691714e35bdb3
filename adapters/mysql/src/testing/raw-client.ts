import type { Socket } from "node:net";
import { CLIENT, packet, packets, ReplyTracker, PacketScanner } from "@freshet/mysql-wire";
import { connectUpstream, type UpstreamLogin } from "../upstream/connect.ts";
import { parseUpstreamUrl } from "../upstream/url.ts";

const NO_LIMIT = 0x7fffffff;

export const TEST_CAPABILITIES =
  CLIENT.mysql |
  CLIENT.longFlag |
  CLIENT.protocol41 |
  CLIENT.secureConnection |
  CLIENT.transactions |
  CLIENT.pluginAuth |
  CLIENT.multiStatements |
  CLIENT.multiResults |
  CLIENT.psMultiResults |
  CLIENT.localFiles;

export interface RawReply {
  /** Physical packets with their headers. */
  readonly packets: Buffer[];
  readonly status: number;
  readonly errorCode: number;
  readonly statementId: number;
}

/** A logged-in connection that speaks raw commands, one at a time; for golden comparisons. */
export class RawClient {
  readonly socket: Socket;
  readonly capabilities: number;
  readonly threadId: number;
  closed = false;
  /** How what is sent is cut into writes. */
  cut: ((bytes: Buffer) => Buffer[]) | null = null;
  readonly #scanner = new PacketScanner(NO_LIMIT);
  #wake: (() => void) | null = null;
  #written: Promise<void> = Promise.resolve();

  private constructor(socket: Socket, rest: Buffer, capabilities: number, threadId: number) {
    this.socket = socket;
    this.capabilities = capabilities;
    this.threadId = threadId;
    socket.on("data", (chunk: Buffer) => {
      this.#scanner.push(Buffer.from(chunk));
      this.#wake?.();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#wake?.();
    });
    if (rest.length > 0) this.#scanner.push(rest);
    socket.resume();
  }

  static async connect(url: string, extra: Partial<UpstreamLogin> = {}): Promise<RawClient> {
    const address = { ...parseUpstreamUrl(url), sslMode: "disable" as const };
    const connection = await connectUpstream({
      address,
      timeoutMs: 20_000,
      login: {
        capabilities: TEST_CAPABILITIES,
        maxPacketBytes: 1 << 30,
        charset: 45,
        user: address.user,
        password: address.password,
        database: address.database === "" ? null : address.database,
        attributes: null,
        ...extra,
      },
    });
    const { socket, rest, capabilities, threadId } = connection;
    return new RawClient(socket, rest, capabilities, threadId);
  }

  write(bytes: Buffer): void {
    if (this.cut === null) this.socket.write(bytes);
    else {
      const pieces = this.cut(bytes);
      this.#written = this.#written.then(() => this.#writePieces(pieces));
    }
  }

  async #writePieces(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      this.socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  send(payload: Buffer): void {
    this.write(packet(0, payload));
  }

  /** The next physical packet; null when the peer has closed. */
  async packet(): Promise<Buffer | null> {
    while (!this.#scanner.next()) {
      if (this.closed) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const { buffer, start, end } = this.#scanner;
    return Buffer.from(buffer.subarray(start, end));
  }

  /** Sends one command and collects its whole reply; `file` answers LOCAL INFILE. */
  async run(payload: Buffer, file: Buffer[] = []): Promise<RawReply> {
    this.send(payload);
    return this.reply(payload[0] as number, file);
  }

  async reply(command: number, file: Buffer[] = []): Promise<RawReply> {
    const tracker = new ReplyTracker(this.capabilities);
    const all: Buffer[] = [];
    if (!tracker.begin(command)) return { packets: all, status: 0, errorCode: 0, statementId: 0 };
    while (!tracker.done) {
      const one = await this.packet();
      if (one === null) break;
      all.push(one);
      tracker.packet(one, 4, one.length - 4);
      if (tracker.awaitsClient) {
        this.write(packets(((one[3] as number) + 1) & 0xff, [...file, Buffer.alloc(0)]));
        tracker.clientAnswered();
      }
    }
    const { status, errorCode, statementId } = tracker;
    return { packets: all, status, errorCode, statementId };
  }

  close(): void {
    this.socket.destroy();
  }
}
