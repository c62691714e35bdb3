import type { Socket } from "node:net";
import type { CommonContext } from "./adapter-context.ts";
import { Outbox } from "./outbox.ts";
import { type Drainable, SessionDrain, type SessionDrainLimits } from "./session-drain.ts";
import { type InputOwner, readReusing } from "./socket-input.ts";
import { StatementAccount } from "./statement-account.ts";

/** While a statement waits, this much more of the client's input is taken in. */
const INPUT_BUFFER_BYTES = 65_536;
/** How long a client that was told the end may take to close its side. */
const LAST_WORDS_MS = 2000;
/** And how long one that has still to read answers. */
const LAST_ANSWER_MS = 30_000;

/** Cuts the client's input into messages. */
export interface SessionReader {
  push(chunk: Buffer, end?: number): void;
  /** True: the next message, or part of it, stands in the reader. */
  next(): boolean;
  readonly holdsNoChunk: boolean;
  readonly bufferedBytes: number;
}

/** The session's connection to the upstream. */
export interface SessionLink {
  readonly socket: Socket;
  readonly out: Outbox;
  readonly queue: { readonly busy: boolean };
  readonly closed: boolean;
  finish(): void;
  abort(): void;
}

export interface ClientSessionParts<Reader> {
  readonly context: CommonContext;
  readonly socket: Socket;
  readonly reader: Reader;
}

/**
 * The flow of one client after its login, whatever the dialect. Its input is handled strictly in
 * order: a handler that has to wait (for a fill, a probe, a connection) returns a promise, and
 * nothing further is looked at until it is done. What is received and what is sent is bounded.
 */
export abstract class ClientSession<Reader extends SessionReader, Link extends SessionLink>
  implements InputOwner, Drainable
{
  /** Perhaps another than the one given, which then is not to be used any more. */
  readonly socket: Socket;
  readonly out: Outbox;
  readonly account: StatementAccount;
  readonly draining: SessionDrain;
  link: Link | null = null;
  closed = false;
  protected readonly reader: Reader;

  readonly #common: CommonContext;
  readonly #moved: Socket | null;
  #waiting = false;
  #pumping = false;
  #paused = false;
  #checking = false;
  /** The client broke off, or is cut off: what still runs for it upstream is of no use. */
  #brokenOff = false;

  constructor({ context, socket, reader }: ClientSessionParts<Reader>) {
    this.#common = context;
    this.reader = reader;
    this.account = new StatementAccount(context);
    this.#moved = readReusing(socket, this);
    this.socket = this.#moved ?? socket;
    this.out = new Outbox(this.socket);
    this.draining = new SessionDrain(this, drainLimits(context));
  }

  /** Handles the message that stands in the reader. */
  protected abstract handle(): void | Promise<void>;

  /** What a handler waited for has happened. */
  protected abstract waited(): void;

  /** Tells the client of an error that ends the session. */
  protected abstract failed(error: unknown): void;

  /** Ends what the upstream runs for a client that has gone. */
  protected abstract killRunning(link: Link): void;

  /** The session has ended. */
  protected abstract left(): void;

  abstract get quiet(): boolean;
  abstract get outcomeDue(): boolean;
  abstract get betweenMessages(): boolean;
  abstract dismiss(): void;
  abstract interrupt(): void;
  abstract abandon(): void;

  /** A handler waits. */
  protected get waiting(): boolean {
    return this.#waiting;
  }

  /** The next message is not to be looked at yet. */
  protected get held(): boolean {
    return this.#waiting;
  }

  /** Takes over the socket; `rest` was read with the login. */
  start(rest: Buffer): void {
    if (this.#moved === null) {
      this.socket.on("data", (chunk: Buffer) => this.take(chunk, chunk.length));
    }
    this.socket.on("drain", () => {
      this.out.writable = true;
      this.link?.socket.resume();
      this.pump();
    });
    this.socket.on("error", () => this.breakOff());
    this.socket.on("end", () => this.close());
    this.socket.on("close", () => this.close());
    if (this.socket.destroyed) return this.close();
    if (rest.length > 0) this.reader.push(rest);
    this.socket.resume();
    this.pump();
  }

  /** Bytes of the client arrived. */
  take(chunk: Buffer, end: number): void {
    if (this.closed) return;
    this.account.received(end);
    this.reader.push(chunk, end);
    this.pump();
  }

  /** Messages wait to be handled, or have not left for the upstream. */
  get holdsInput(): boolean {
    if (this.#waiting || !this.reader.holdsNoChunk) return true;
    const { link } = this;
    return link !== null && (link.out.length > 0 || link.socket.writableLength > 0);
  }

  /** Replies of the upstream have not left for the client. */
  get holdsReplies(): boolean {
    return this.out.length > 0 || this.socket.writableLength > 0;
  }

  get receivedBytes(): number {
    return this.socket.bytesRead;
  }

  protected pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.closed && !this.held && this.reader.next()) {
        const pending = this.handle();
        if (pending !== undefined) this.#wait(pending);
      }
    } catch (error) {
      if (!this.closed) this.failed(error);
    } finally {
      this.#pumping = false;
    }
    this.flush();
    this.#regulate();
    this.#checkDrain();
  }

  /** After this turn: what came with the end of the last statement has been looked at then. */
  #checkDrain(): void {
    if (!this.draining.cutting || this.#checking) return;
    this.#checking = true;
    setImmediate(() => {
      this.#checking = false;
      this.draining.messageEnded();
    });
  }

  #wait(pending: Promise<void>): void {
    this.#waiting = true;
    const done = () => {
      this.#waiting = false;
      this.waited();
      this.pump();
    };
    pending.then(done, (error: unknown) => {
      if (!this.closed) this.failed(error);
      done();
    });
  }

  /** Stops or goes on reading the client: a bound on what we hold for it. */
  #regulate(): void {
    const full =
      !this.out.writable ||
      this.link?.out.writable === false ||
      (this.#waiting && this.reader.bufferedBytes > INPUT_BUFFER_BYTES);
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.socket.pause();
    else this.socket.resume();
  }

  flush(): void {
    const bytes = this.out.flush();
    if (bytes > 0) this.#common.metrics.bytesToClient(bytes);
    if (this.link !== null) {
      this.link.out.flush();
      if (!this.out.writable && !this.closed) this.link.socket.pause();
    }
  }

  onRepliesEnd(): void {
    this.flush();
    this.#regulate();
    this.#checkDrain();
  }

  onLinkDrain(): void {
    this.pump();
  }

  /** From now on, closing ends what runs upstream instead of letting it finish. */
  protected breakOff(): void {
    this.#brokenOff = true;
  }

  /** What was written still leaves, then both sides are closed. */
  end(): void {
    this.flush();
    if (!this.socket.destroyed) {
      this.socket.end();
      const { socket } = this;
      // A slow reader has not got all of its last answer.
      const limitMs = socket.writableLength > 0 ? LAST_ANSWER_MS : LAST_WORDS_MS;
      setTimeout(() => socket.destroy(), limitMs).unref();
      socket.resume();
    }
    this.close();
  }

  /**
   * The client is gone or done; its upstream connection ends with it and is never reused. What a
   * client sent before it said goodbye still runs, as it would without us; what a client that
   * broke off was running is ended.
   */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const { link } = this;
    if (link !== null && !link.closed) {
      link.out.flush();
      if (this.#brokenOff && link.queue.busy) {
        this.killRunning(link);
        link.abort();
      } else {
        link.finish();
      }
    }
    if (!this.socket.writableEnded) this.socket.destroy();
    this.left();
  }
}

function drainLimits({ limits }: CommonContext): SessionDrainLimits {
  const { lastAnswerMs, interruptedAnswerMs: interruptedMs } = limits;
  return { lastAnswerMs, interruptedMs };
}
