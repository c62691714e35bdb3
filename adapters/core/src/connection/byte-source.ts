import type { Duplex } from "node:stream";

const EMPTY = Buffer.alloc(0);

/** The peer went away in the middle of the start-up dialog. */
export class PeerGone extends Error {
  override readonly name = "PeerGone";
}

/**
 * Awaitable reads over a socket, for the short dialogs before a session runs (start-up,
 * authentication, in both directions). `release` detaches it and gives back what was read too
 * far. One reader at a time.
 */
export class ByteSource {
  readonly #socket: Duplex;
  #buffered: Buffer = EMPTY;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("error", this.#onError);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onEnd);
    socket.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
    if (this.#buffered.length > 65_536) this.#socket.pause();
    this.#wake?.();
  };

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#error ??= new PeerGone("connection closed by the peer");
    this.#wake?.();
  };

  get buffered(): Buffer {
    return this.#buffered;
  }

  /** Ends a pending read with this error. */
  fail(error: Error): void {
    this.#onError(error);
  }

  /** Waits until `bytes` bytes are there, without taking them. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.#buffered.length < bytes) {
      if (this.#error !== null) throw this.#error;
      this.#socket.resume();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
    return this.#buffered.subarray(0, bytes);
  }

  async read(bytes: number): Promise<Buffer> {
    const result = await this.peek(bytes);
    this.#buffered = this.#buffered.subarray(bytes);
    return result;
  }

  /** Detaches from the socket, which is paused; returns what was not read. */
  release(): Buffer {
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("error", this.#onError);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("close", this.#onEnd);
    const rest = this.#buffered;
    this.#buffered = EMPTY;
    return rest;
  }
}
