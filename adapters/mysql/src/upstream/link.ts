import type { Socket } from "node:net";
import { type InputOwner, Outbox, readReusing } from "@freshet/adapter-core";
import { COMMAND, packet, PacketScanner, ReplyTracker } from "@freshet/mysql-wire";
import type { UpstreamConnection } from "./connect.ts";
import { ReplyQueue } from "./reply-queue.ts";

/** What the tracker looks at, and a header. */
const SHORT_LIMIT_BYTES = 36;
/** Replies of ours are small. */
const HIDDEN_LIMIT_BYTES = 65_536;
/** How long a client's last statements may run on after it has gone. */
const FINISH_LIMIT_MS = 600_000;
/** How much of their replies is read meanwhile. */
const FINISH_LIMIT_BYTES = 1 << 20;

const QUIT = packet(0, Buffer.from([COMMAND.quit]));

export interface LinkOwner {
  /** The current packet or part stands in `link.reader`. */
  onReply(link: UpstreamLink): void;
  /** True while ranges of replies handed over may still be in use. */
  readonly holdsReplies: boolean;
  /** All packets of a chunk were handed over. */
  onRepliesEnd(link: UpstreamLink): void;
  onLinkDrain(link: UpstreamLink): void;
  onLinkClosed(link: UpstreamLink, error: Error | null): void;
}

class ReplyScanner extends PacketScanner {
  readonly #queue: ReplyQueue;

  constructor(queue: ReplyQueue) {
    super(SHORT_LIMIT_BYTES);
    this.#queue = queue;
  }

  protected override get assembleLimit(): number {
    return this.#queue.head?.kind === "hidden" ? HIDDEN_LIMIT_BYTES : SHORT_LIMIT_BYTES;
  }
}

/** One client's connection to the upstream, and what it still owes. */
export class UpstreamLink implements InputOwner {
  readonly socket: Socket;
  readonly out: Outbox;
  readonly queue = new ReplyQueue();
  readonly reader = new ReplyScanner(this.queue);
  readonly tracker: ReplyTracker;
  /** The upstream's id of this connection. */
  readonly threadId: number;
  readonly capabilities: number;
  readonly #owner: LinkOwner;
  #error: Error | null = null;
  closed = false;
  /** COM_QUERYs answered since the login or the last reset. */
  queries = 0;
  /** After `finish`: how much was read and dropped. */
  #dropped: number | null = null;

  constructor(connection: UpstreamConnection, owner: LinkOwner) {
    const moved = readReusing(connection.socket, this);
    this.socket = moved ?? connection.socket;
    this.out = new Outbox(this.socket);
    this.threadId = connection.threadId;
    this.capabilities = connection.capabilities;
    this.tracker = new ReplyTracker(connection.capabilities);
    // Some replies carry no flags: they stay as they are.
    this.tracker.status = connection.status;
    this.#owner = owner;
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
    if (socket.writable) socket.end(QUIT);
    // Replies are read and dropped: unread ones would make the close a reset, and a reset may
    // overtake what the server has not read yet.
    this.#dropped ??= 0;
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), FINISH_LIMIT_MS).unref();
    socket.once("close", () => clearTimeout(timer));
    this.queue.abandon();
  }
}
