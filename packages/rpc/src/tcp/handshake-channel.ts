import type { Socket } from "node:net";
import { OperationalError } from "@freshet/util";
import { WireError, WireFrames, frameOf } from "./wire.ts";

export interface HandshakeFrame {
  readonly type: number;
  readonly payload: Buffer;
}

/**
 * A socket during the handshake: one frame is read at a time, and no more is taken from the
 * socket than is asked for. `release` hands the socket on, with what `frames` already has of the
 * frames that follow.
 */
export class HandshakeChannel {
  readonly frames = new WireFrames();
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  #wake: (() => void) | null = null;
  #failure: Error | null = null;

  /** The signal's reason must be an error; it ends what waits. */
  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    socket.pause();
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onEnd);
    socket.on("error", this.#onError);
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
    if (socket.destroyed) this.#onEnd();
  }

  /** Of a socket that was dialled: resolves when it is connected, with TLS when that is through. */
  async connected(tls: boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#socket.once(tls ? "secureConnect" : "connect", resolve);
      if (this.#failure !== null) resolve();
    });
    if (this.#failure !== null) throw this.#failure;
  }

  /** Rejects with WireError, OperationalError (the connection ended) or the signal's reason. */
  async read(): Promise<HandshakeFrame> {
    for (;;) {
      if (this.frames.next()) return { type: this.frames.type, payload: this.frames.payload };
      if (this.#failure !== null) throw this.#failure;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#socket.resume();
      await promise;
    }
  }

  /** The frame as it was sent, without its header. */
  write(type: number, value: unknown): Buffer {
    const payload = Buffer.from(JSON.stringify(value));
    if (payload.length >= this.frames.limitBytes) {
      throw new WireError("names are too long for a handshake");
    }
    this.#socket.write(frameOf(type, payload));
    return payload;
  }

  release(): void {
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("close", this.#onEnd);
    this.#socket.off("error", this.#onError);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#socket.pause();
    this.frames.push(chunk);
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#fail(
      new OperationalError(
        "the connection was closed during the handshake (do both sides use TLS, or neither?)",
      ),
    );
  };

  readonly #onError = (error: Error): void => this.#fail(error);

  readonly #onAbort = (): void => this.#fail(this.#signal.reason as Error);
}
