import type { Socket } from "node:net";
import { Outbox } from "./outbox.ts";
import { type InputOwner, readReusing } from "./socket-input.ts";

/** How long a client's last statements may run on after it has gone. */
const FINISH_LIMIT_MS = 600_000;
/**
 * How much of their replies is read meanwhile. The server itself gives up a client that is gone
 * when it cannot write; to read on to the end of a large result would help nobody.
 */
const FINISH_LIMIT_BYTES = 1 << 20;

/** Cuts replies into frames or packets. */
export interface ReplyReader {
  push(chunk: Buffer, end: number): void;
  /** True: the next one, or part of it, stands in the reader. */
  next(): boolean;
  readonly holdsNoChunk: boolean;
}

export interface LinkOwner<Link> {
  /** The current frame or part stands in `link.reader`. */
  onReply(link: Link): void;
  /** True while ranges of replies handed over may still be in use. */
  readonly holdsReplies: boolean;
  /** All frames of a chunk were handed over. */
  onRepliesEnd(link: Link): void;
  onLinkDrain(link: Link): void;
  onLinkClosed(link: Link, error: Error | null): void;
}

/**
 * One client's connection to the upstream, and what it still owes. `Link` is the dialect's own
 * class, which calls `start` when it is complete.
 */
export abstract class ClientLink<
  Link,
  Reader extends ReplyReader,
  Queue extends { abandon(): void },
> implements InputOwner {
  readonly socket: Socket;
  readonly out: Outbox;
  readonly queue: Queue;
  readonly reader: Reader;
  readonly #owner: LinkOwner<Link>;
  readonly #goodbye: Buffer;
  readonly #moved: boolean;
  readonly #self: Link;
  #error: Error | null = null;
  closed = false;
  /** After `finish`: how much was read and dropped. */
  #dropped: number | null = null;

  constructor(
    socket: Socket,
    owner: LinkOwner<Link>,
    parts: { readonly reader: Reader; readonly queue: Queue; readonly goodbye: Buffer },
  ) {
    this.reader = parts.reader;
    this.queue = parts.queue;
    this.#goodbye = parts.goodbye;
    this.#owner = owner;
    this.#self = this as unknown as Link;
    const moved = readReusing(socket, this);
    this.#moved = moved !== null;
    this.socket = moved ?? socket;
    this.out = new Outbox(this.socket);
  }

  /** Begins to read; `rest` came before. */
  protected start(rest: Buffer): void {
    const self = this.#self;
    this.socket.setTimeout(0);
    if (!this.#moved) {
      this.socket.on("data", (chunk: Buffer) => this.take(chunk, chunk.length));
    }
    this.socket.on("drain", () => {
      this.out.writable = true;
      this.#owner.onLinkDrain(self);
    });
    this.socket.on("error", (error) => (this.#error ??= error));
    this.socket.on("close", () => {
      this.closed = true;
      this.#owner.onLinkClosed(self, this.#error);
    });
    if (rest.length > 0) this.take(rest, rest.length);
    if (this.socket.destroyed) queueMicrotask(() => this.#owner.onLinkClosed(self, null));
    else this.socket.resume();
  }

  get holdsInput(): boolean {
    return this.#owner.holdsReplies || !this.reader.holdsNoChunk;
  }

  /** Bytes of the upstream arrived. */
  take(chunk: Buffer, end: number): void {
    if (this.#dropped !== null) {
      this.#dropped += end;
      if (this.#dropped > FINISH_LIMIT_BYTES) this.socket.destroy();
      return;
    }
    const self = this.#self;
    try {
      this.reader.push(chunk, end);
      while (!this.closed && this.reader.next()) this.#owner.onReply(self);
      this.#owner.onRepliesEnd(self);
    } catch (error) {
      this.#error ??= error instanceof Error ? error : new Error(String(error));
      this.socket.destroy();
    }
  }

  /** Cuts it off at once; nothing of it is used again. */
  abort(): void {
    this.socket.destroy();
    this.queue.abandon();
  }

  /** Says goodbye: what was sent before still runs, its replies are dropped. */
  finish(): void {
    const { socket } = this;
    if (socket.writable) socket.end(this.#goodbye);
    // Replies are read and dropped: unread ones would make the close a reset, and a reset may
    // overtake what the server has not read yet.
    this.#dropped ??= 0;
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), FINISH_LIMIT_MS).unref();
    socket.once("close", () => clearTimeout(timer));
    this.queue.abandon();
  }
}
