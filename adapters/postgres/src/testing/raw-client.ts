import type { Socket } from "node:net";
import { BACKEND, FrameReader } from "@freshet/pg-wire";
import { connectUpstream } from "../upstream/connect.ts";
import { parseUpstreamUrl } from "../upstream/url.ts";

const NO_LIMIT = 0x7fffffff;

/** A logged-in connection that speaks raw messages; for golden comparisons. */
export class RawClient {
  readonly socket: Socket;
  readonly frames: Buffer[] = [];
  closed = false;
  /** How what is sent is cut into writes. */
  cut: ((bytes: Buffer) => Buffer[]) | null = null;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket, rest: Buffer) {
    this.socket = socket;
    const reader = new FrameReader({ assembleLimit: () => NO_LIMIT });
    const take = (chunk: Buffer) => {
      reader.push(chunk);
      while (reader.next()) {
        this.frames.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)));
      }
      this.#wake?.();
    };
    socket.on("data", take);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#wake?.();
    });
    if (rest.length > 0) take(rest);
    socket.resume();
  }

  static async connect(
    url: string,
    extra: readonly (readonly [string, string])[] = [],
  ): Promise<RawClient> {
    const address = parseUpstreamUrl(url);
    const parameters = [["user", address.user], ["database", address.database], ...extra] as const;
    const login = { parameters, user: address.user, password: address.password };
    const { socket, rest } = await connectUpstream(address, login, 20_000);
    return new RawClient(socket, rest);
  }

  send(...messages: readonly Buffer[]): void {
    const bytes = Buffer.concat(messages);
    if (this.cut === null) this.socket.write(bytes);
    else void this.#sendPieces(this.cut(bytes));
  }

  async #sendPieces(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      this.socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  count(type: number): number {
    return this.frames.filter((frame) => frame[0] === type).length;
  }

  /** Waits until `count` messages of the type have come in all; fails when the peer closes. */
  async until(type: number, count: number, limitMs = 60_000): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (this.count(type) < count) {
      if (this.closed) throw new Error(`closed, after ${this.describe()}`);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0)
        throw new Error(`no ${String.fromCharCode(type)} in time: ${this.describe()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  ready(count: number): Promise<void> {
    return this.until(BACKEND.readyForQuery, count);
  }

  async untilClosed(limitMs = 60_000): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!this.closed) {
      if (Date.now() > deadline) throw new Error("still open");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The sequence of message types, for error messages and coarse comparisons. */
  describe(): string {
    return this.frames.map((frame) => String.fromCharCode(frame[0] ?? 0)).join("");
  }

  /** Every message as readable text, with what differs from run to run masked. */
  transcript(): string[] {
    return this.frames.map((frame) => {
      const type = String.fromCharCode(frame[0] ?? 0);
      let body = frame.toString("latin1", 5);
      if (type === "A") body = body.slice(4);
      // Source lines of the server are equal anyway; process ids in texts are not.
      body = body.replace(/PID \d+/g, "PID N");
      return `${type} ${JSON.stringify(body)}`;
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
