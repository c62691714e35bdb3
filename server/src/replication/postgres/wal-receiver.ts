import { decodePgOutput, decodeWalFrame, encodeStatusUpdate } from "@freshet/pg-wire";
import type { PgOutputMessage } from "@freshet/pg-wire";
import { type Clock, OperationalError, messageOf } from "@freshet/util";
import type pg from "pg";
import {
  type RawConnection,
  databaseError,
  destroyConnection,
  endQuietly,
  rawConnection,
} from "./connection.ts";

/** The status goes out this often, whatever else happens: `wal_sender_timeout` never strikes. */
const FEEDBACK_INTERVAL_MS = 1000;

export interface WalConsumer {
  /** A promise holds the stream until it resolves. */
  message(message: PgOutputMessage): Promise<void> | undefined;
  /** The server has sent everything before this position; called between messages. */
  keepalive(walEnd: bigint): void;
}

/**
 * One START_REPLICATION: frames in, status updates out. Back-pressure is a count of holds: while
 * there is one the socket is paused and frames already read wait in order.
 */
export class WalReceiver {
  readonly #client: pg.Client;
  readonly #connection: RawConnection;
  readonly #consumer: WalConsumer;
  readonly #clock: Clock;
  readonly #acknowledged: () => bigint;
  #received = 0n;
  #holds = 0;
  #held: Buffer[] = [];
  #started = false;
  #pending: Promise<void> = Promise.resolve();
  #finish: ((error: unknown) => void) | null = null;

  constructor(options: {
    readonly client: pg.Client;
    readonly consumer: WalConsumer;
    readonly clock: Clock;
    readonly acknowledged: () => bigint;
  }) {
    this.#client = options.client;
    this.#connection = rawConnection(options.client).connection;
    this.#consumer = options.consumer;
    this.#clock = options.clock;
    this.#acknowledged = options.acknowledged;
  }

  /** Resolves when the signal aborts; throws when the stream ends in any other way. */
  async run(command: string, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const outcome = new Promise<void>((resolve, reject) => {
      this.#finish = (error) => {
        this.#finish = null;
        if (error === null) resolve();
        else reject(error as Error);
      };
    });
    const stop = () => this.#finish?.(null);
    signal.addEventListener("abort", stop, { once: true });
    this.#client.once("end", () =>
      this.#finish?.(new OperationalError("the replication connection was closed")),
    );
    this.#client.query(this.#query(command) as unknown as pg.Submittable);
    const feedback = this.#feedbackLoop(ended.signal);
    if (signal.aborted) stop();
    try {
      await outcome;
      this.sendStatus(false);
    } finally {
      signal.removeEventListener("abort", stop);
      ended.abort();
      this.#held = [];
      await feedback;
      // What it still finds out it must be able to tell, and to nobody who comes after.
      await this.#pending;
      if (signal.aborted && this.#holds === 0) await endQuietly(this.#client);
      else destroyConnection(this.#client);
    }
  }

  /** Stops delivery until the returned function is called (once). */
  hold(): () => void {
    this.#holds += 1;
    if (this.#holds === 1) this.#connection.stream.pause();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      if (this.#holds === 0) this.#drain();
    };
  }

  sendStatus(replyRequested: boolean): void {
    if (!this.#started || !this.#connection.stream.writable) return;
    const acknowledged = this.#acknowledged();
    this.#connection.sendCopyFromChunk(
      encodeStatusUpdate({
        written: this.#received > acknowledged ? this.#received : acknowledged,
        flushed: acknowledged,
        applied: acknowledged,
        nowMs: this.#clock.nowMs(),
        replyRequested,
      }),
    );
  }

  #query(command: string): object {
    const fail = (error: unknown) => this.#finish?.(streamError(error));
    return {
      submit(connection: RawConnection) {
        connection.query(command);
        return null;
      },
      handleCopyData: (message: { readonly chunk: Buffer }) => {
        this.#started = true;
        if (this.#finish === null) return;
        // The driver reuses its buffer, so what waits must be a copy.
        if (this.#holds > 0) this.#held.push(Buffer.from(message.chunk));
        else this.#accept(message.chunk);
      },
      handleError: fail,
      handleCommandComplete: () => fail(new Error("the server ended the stream")),
      handleReadyForQuery: () => fail(new Error("the server ended the stream")),
    };
  }

  #drain(): void {
    while (this.#holds === 0 && this.#finish !== null) {
      const frame = this.#held.shift();
      if (frame === undefined) break;
      this.#accept(frame);
    }
    if (this.#holds === 0) this.#connection.stream.resume();
  }

  #accept(bytes: Buffer): void {
    try {
      const frame = decodeWalFrame(bytes);
      if (frame === null)
        throw new OperationalError("the server sent an unknown replication frame");
      if (frame.kind === "keepalive") {
        if (frame.walEnd > this.#received) this.#received = frame.walEnd;
        this.#consumer.keepalive(frame.walEnd);
        if (frame.replyRequested) this.sendStatus(false);
        return;
      }
      const pending = this.#consumer.message(decodePgOutput(bytes, frame.payload));
      if (pending === undefined) return;
      const release = this.hold();
      this.#pending = pending.then(release, (error: unknown) => this.#finish?.(error));
    } catch (error) {
      this.#finish?.(error);
    }
  }

  async #feedbackLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.wait(FEEDBACK_INTERVAL_MS, signal);
      if (!signal.aborted) this.sendStatus(false);
    }
  }
}

function streamError(error: unknown): Error {
  const fields = databaseError(error);
  const code = fields === null ? "" : ` (${fields.code})`;
  return new OperationalError(`the change stream broke: ${messageOf(error)}${code}`, {
    cause: error,
  });
}
