import type { Socket } from "node:net";
import { type InputOwner, Outbox, readReusing } from "@freshet/adapter-core";
import { BACKEND, FrameReader, TERMINATE } from "@freshet/pg-wire";
import type { UpstreamConnection } from "./connect.ts";
import { ReplyQueue } from "./reply-queue.ts";

/** Messages whose content we look at are small; a longer one is passed on in parts. */
const ASSEMBLE_LIMIT_BYTES = 65_536;
const HEADER_BYTES = 5;
/** How long a client's last statements may run on after it has gone. */
const FINISH_LIMIT_MS = 600_000;
/**
 * How much of their replies is read meanwhile. The server itself gives up a client that is gone
 * when it cannot write; to read on to the end of a large result would help nobody.
 */
const FINISH_LIMIT_BYTES = 1 << 20;

export interface LinkOwner {
  /** The current frame or part stands in `link.reader`. */
  onReply(link: UpstreamLink): void;
  /** True while ranges of replies handed over may still be in use. */
  readonly holdsReplies: boolean;
  /** All frames of a chunk were handed over. */
  onRepliesEnd(link: UpstreamLink): void;
  onLinkDrain(link: UpstreamLink): void;
  onLinkClosed(link: UpstreamLink, error: Error | null): void;
}

/** One client's connection to the upstream, and what it still owes. */
export class UpstreamLink implements InputOwner {
  readonly socket: Socket;
  readonly out: Outbox;
  readonly queue = new ReplyQueue();
  readonly cancelKey: Buffer | null;
  readonly reader: FrameReader;
  readonly #owner: LinkOwner;
  #error: Error | null = null;
  closed = false;
  /** After `finish`: how much was read and dropped. */
  #dropped: number | null = null;

  constructor(connection: UpstreamConnection, owner: LinkOwner) {
    const moved = readReusing(connection.socket, this);
    this.socket = moved ?? connection.socket;
    this.out = new Outbox(this.socket);
    this.cancelKey = connection.cancelKey;
    this.#owner = owner;
    this.reader = new FrameReader({ assembleLimit: (type) => this.#assembleLimit(type) });
    this.socket.setTimeout(0);
    if (moved === null) {
      this.socket.on("data", (chunk: Buffer) => this.take(chunk, chunk.length));
    }
    this.socket.on("drain", () => {
      this.out.writable = true;
      this.#owner.onLinkDrain(this);
    });
    this.socket.on("error", (error) => (this.#error ??= error));
    this.socket.on("close", () => {
      this.closed = true;
      this.#owner.onLinkClosed(this, this.#error);
    });
    if (connection.rest.length > 0) this.take(connection.rest, connection.rest.length);
    if (this.socket.destroyed) queueMicrotask(() => this.#owner.onLinkClosed(this, null));
    else this.socket.resume();
  }

  #assembleLimit(type: number): number {
    switch (type) {
      case BACKEND.copyData:
      case BACKEND.rowDescription:
        return HEADER_BYTES;
      case BACKEND.dataRow:
        return this.queue.head?.kind === "hidden" ? ASSEMBLE_LIMIT_BYTES : HEADER_BYTES;
      default:
        return ASSEMBLE_LIMIT_BYTES;
    }
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
    try {
      this.reader.push(chunk, end);
      while (!this.closed && this.reader.next()) this.#owner.onReply(this);
      this.#owner.onRepliesEnd(this);
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
    if (socket.writable) socket.end(TERMINATE);
    // Replies are read and dropped: unread ones would make the close a reset, and a reset may
    // overtake what the server has not read yet.
    this.#dropped ??= 0;
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), FINISH_LIMIT_MS).unref();
    socket.once("close", () => clearTimeout(timer));
    this.queue.abandon();
  }
}
