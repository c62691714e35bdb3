import type { Socket } from "node:net";
import { setImmediate } from "node:timers";
import { type Clock, type Logger, messageOf } from "@freshet/util";
import { LinkBase, type LinkOptions } from "../link-base.ts";
import { messageCost } from "../packed-batch.ts";
import {
  type EncodedBatch,
  decodeBatch,
  encodeBatch,
  encodePublication,
  isPublication,
} from "./encoded-batch.ts";
import type { Peer } from "./identity.ts";
import {
  FRAME,
  FRAME_LIMIT_BYTES,
  WireError,
  type WireFrames,
  frameOf,
  numberFrame,
  readNumber,
} from "./wire.ts";

export interface TcpLinkOptions extends LinkOptions {
  readonly socket: Socket;
  /** With what has arrived behind the handshake. */
  readonly frames: WireFrames;
  readonly peer: Peer;
  /** See `listenTcp`. */
  readonly timeoutMs: number;
  /** When this side's first frame of the handshake left, monotonic. */
  readonly greetedMs: number;
  /** A message of another form ends the link. Absent: the peer is believed. */
  readonly accepts?: (message: unknown) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A link vouches for nothing after one timeout of silence; it ends only after so many, for its end
 * costs every answer the adapter holds, and a peer may be busy.
 */
const SILENT_TIMEOUTS = 3;
/** Heartbeats in the time a peer may be silent. */
const BEATS = 3;
/** Messages other than publications share batches of about so many bytes. */
const BATCH_COST = 1024 * 1024;
const BATCH_MESSAGES = 1_000;
const PINGS_REMEMBERED = 64;
const ACK_BYTES = 64 * 1024;
const ACK_AFTER_MS = 20;

/**
 * A link over TCP after its handshake, one at each end. It ends when the peer ends it, breaks
 * the format, does not keep up, or is silent for three times `timeoutMs`; then nothing is delivered any more.
 *
 * What it vouches for: a PONG is sent behind all that the server had sent when it read the PING,
 * and the PING was read after it was sent. So when a PONG is read, everything that the server had
 * said when the PING was *sent* has been applied here, and that moment plus `timeoutMs` is how
 * long it counts as fresh. A PONG that lay in a buffer while this process was stopped speaks of
 * the time before it was stopped and vouches for nothing.
 */
export class TcpLink<Out, In> extends LinkBase<Out, In> {
  readonly peer: Peer;
  readonly protocol: number;
  readonly #options: TcpLinkOptions;
  readonly #socket: Socket;
  readonly #ending = new AbortController();
  /** Costs of the batches that the peer has not acknowledged, oldest first from `#unackedAt`. */
  #unacked: number[] = [];
  #unackedAt = 0;
  readonly #pings = new Map<number, number>();
  #pingNumber = 0;
  #vouchedUntilMs: number;
  #heardMs: number;
  #reading = false;
  /** Batches, and their bytes, that the peer does not know to be handled. */
  #handled = 0;
  #handledBytes = 0;
  #acking = false;
  #closeReason: string | null = null;

  constructor(options: TcpLinkOptions) {
    super(options);
    const { socket, peer, clock, greetedMs, timeoutMs } = options;
    this.#options = options;
    this.#socket = socket;
    this.peer = peer;
    this.protocol = peer.protocol;
    this.#heardMs = clock.monotonicMs();
    this.#vouchedUntilMs = greetedMs + timeoutMs;
    socket.on("error", (error) => this.#gone(messageOf(error)));
    socket.on("end", () => this.#gone("the peer ended the connection"));
    socket.on("close", () => {
      this.#ending.abort();
      this.#gone("the connection was closed");
    });
    // It may have been closed before anybody listened.
    setImmediate(() => socket.closed && this.#gone("the connection was closed"));
    void this.#beat();
  }

  /** Why the link ended; null while it has not. */
  get closeReason(): string | null {
    return this.closed ? this.#closeReason : null;
  }

  /** Of the connection, with the handshake. */
  get sentBytes(): number {
    return this.#socket.bytesWritten;
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  override vouchedUntilMs(): number {
    return this.#vouchedUntilMs;
  }

  /** The socket is read from the first handler on. */
  override onMessage(handler: (message: In) => void): void {
    super.onMessage(handler);
    if (this.#reading) return;
    this.#reading = true;
    setImmediate(() => {
      if (this.closed) return;
      this.#socket.on("data", (chunk: Buffer) => {
        if (this.closed) return;
        this.#options.frames.push(chunk);
        this.#read();
      });
      this.#read();
      this.#socket.resume();
    });
  }

  /** What was sent before still leaves, and the peer is told the reason. */
  override close(reason = "closed"): void {
    this.#closeReason ??= reason;
    super.close();
  }

  protected override deliver(messages: readonly Out[], cost: number): void {
    const pieces: Uint8Array[] = [];
    if (this.#handled > 0) pieces.push(this.#ackFrame());
    let run: Out[] = [];
    let runCost = 0;
    let left = cost;
    const endRun = () => {
      if (run.length > 0) this.#addBatch(encodeBatch(run), runCost, pieces);
      left -= runCost;
      run = [];
      runCost = 0;
    };
    for (const message of messages) {
      const itsCost = messages.length === 1 ? cost : messageCost(message);
      if (isPublication(message)) {
        endRun();
        this.#addBatch(encodePublication(message), itsCost, pieces);
        left -= itsCost;
        continue;
      }
      if (runCost + itsCost > BATCH_COST || run.length >= BATCH_MESSAGES) endRun();
      run.push(message);
      runCost += itsCost;
    }
    endRun();
    // A message that changed after it was sent must not be counted for ever.
    if (left !== 0) this.acknowledged(left);
    this.#write(pieces);
  }

  protected override disconnect(): void {
    const { clock, timeoutMs } = this.#options;
    if (this.overflowing) {
      this.#closeReason = "the peer does not keep up";
      this.#socket.destroy();
      return;
    }
    this.#socket.end(frameOf(FRAME.bye, Buffer.from(this.#closeReason ?? "closed")));
    this.#socket.resume();
    // Nobody waits longer for what is under way.
    void clock.wait(timeoutMs, this.#ending.signal).then(() => this.#socket.destroy());
  }

  #addBatch(batch: EncodedBatch, cost: number, pieces: Uint8Array[]): void {
    if (batch.length > FRAME_LIMIT_BYTES) return this.#cut("a message is too large to be sent");
    this.#unacked.push(cost);
    pieces.push(...batch.pieces);
  }

  #write(pieces: readonly Uint8Array[]): void {
    if (pieces.length > 1) this.#socket.cork();
    for (const piece of pieces) if (piece.length > 0) this.#socket.write(piece);
    if (pieces.length > 1) this.#socket.uncork();
  }

  #read(): void {
    const { frames, clock } = this.#options;
    this.#heardMs = clock.monotonicMs();
    try {
      while (!this.closed && frames.next()) {
        this.#handle(frames.type, frames.payload);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#cut(error.message);
    }
    if (this.#handledBytes >= ACK_BYTES) this.#ack();
  }

  /**
   * What was handled is acknowledged together with the next message to the peer, when it is much,
   * or after a moment: an acknowledgement costs the peer as much as a publication.
   */
  #countHandled(bytes: number): void {
    this.#handled += 1;
    this.#handledBytes += bytes;
    if (this.#acking) return;
    this.#acking = true;
    void this.#options.clock.wait(ACK_AFTER_MS, this.#ending.signal).then(() => {
      this.#acking = false;
      this.#ack();
    });
  }

  #ack(): void {
    if (this.#handled > 0 && !this.closed) this.#socket.write(this.#ackFrame());
  }

  #ackFrame(): Buffer {
    const frame = numberFrame(FRAME.ack, this.#handled);
    this.#handled = this.#handledBytes = 0;
    return frame;
  }

  #handle(type: number, payload: Buffer): void {
    switch (type) {
      case FRAME.batch:
        this.received(this.#checked(decodeBatch(payload)));
        return this.#countHandled(payload.length);
      case FRAME.ack:
        return this.#acknowledge(readNumber(payload));
      case FRAME.ping:
        return this.#pong(readNumber(payload));
      case FRAME.pong:
        return this.#ponged(readNumber(payload));
      case FRAME.bye:
        return this.#gone(`the peer: ${payload.toString("utf8", 0, 1_000)}`);
      default:
        throw new WireError(`a frame of type ${type}`);
    }
  }

  #checked(messages: readonly unknown[]): readonly unknown[] {
    const { accepts } = this.#options;
    if (accepts !== undefined && !messages.every(accepts)) {
      throw new WireError("a message that does not have the form of its kind");
    }
    return messages;
  }

  #acknowledge(batches: number): void {
    if (batches > this.#unacked.length - this.#unackedAt) {
      throw new WireError("more was acknowledged than was sent");
    }
    let cost = 0;
    for (const end = this.#unackedAt + batches; this.#unackedAt < end; this.#unackedAt += 1) {
      cost += this.#unacked[this.#unackedAt] ?? 0;
    }
    if (this.#unackedAt > 1_000 && this.#unackedAt * 2 > this.#unacked.length) {
      this.#unacked = this.#unacked.slice(this.#unackedAt);
      this.#unackedAt = 0;
    }
    this.acknowledged(cost);
  }

  #pong(number: number): void {
    // All that was said before must be on its way first: see the class comment.
    this.flush();
    // A peer that asks and does not read would fill the socket's own queue.
    if (this.#socket.writableLength > FRAME_LIMIT_BYTES) return this.#cut("the peer does not read");
    this.#socket.write(numberFrame(FRAME.pong, number));
  }

  #ponged(number: number): void {
    const sentMs = this.#pings.get(number);
    if (sentMs === undefined) return;
    for (const earlier of this.#pings.keys()) {
      this.#pings.delete(earlier);
      if (earlier === number) break;
    }
    this.#vouchedUntilMs = sentMs + this.#options.timeoutMs;
  }

  async #beat(): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const intervalMs = timeoutMs / BEATS;
    while (!this.closed) {
      const beatMs = clock.monotonicMs();
      this.#ping(beatMs);
      await clock.wait(intervalMs, this.#ending.signal);
      const nowMs = clock.monotonicMs();
      // This process was busy or stopped: what arrived meanwhile has not been read yet.
      const lateMs = nowMs - beatMs - intervalMs;
      if (lateMs > intervalMs) this.#heardMs = Math.min(nowMs, this.#heardMs + lateMs);
      const limitMs = timeoutMs * SILENT_TIMEOUTS;
      if (nowMs - this.#heardMs > limitMs) this.#cut(`silent for more than ${limitMs} ms`);
    }
  }

  #ping(nowMs: number): void {
    this.#pingNumber = (this.#pingNumber + 1) >>> 0;
    this.#pings.set(this.#pingNumber, nowMs);
    for (const oldest of this.#pings.keys()) {
      if (this.#pings.size <= PINGS_REMEMBERED) break;
      this.#pings.delete(oldest);
    }
    this.#socket.write(numberFrame(FRAME.ping, this.#pingNumber));
  }

  /** Ends the link at once; what was sent and has not left is lost. */
  #cut(reason: string): void {
    if (this.closed) return;
    const { peer, logger } = this.#options;
    const fields = { peer: peer.member, address: peer.address, reason };
    logger.warn(fields, "link to a peer cut off");
    this.#gone(reason);
  }

  #gone(reason: string): void {
    if (this.closed) return;
    this.#closeReason ??= reason;
    this.#ending.abort();
    this.ended();
    this.#socket.destroy();
  }
}
