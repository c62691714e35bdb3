import { randomBytes, randomInt } from "node:crypto";
import { BinlogDecoder, type BinlogEvent } from "@freshet/mysql-wire";
import { type Clock, OperationalError, messageOf } from "@freshet/util";
import type { Connection } from "mysql2";
import { databaseError, destroyConnection, execute } from "./connection.ts";
import type { LogPosition } from "./position.ts";
import { rawConnection, runRawCommand } from "./raw-command.ts";

/** On an idle server the position moves, and a dead connection is noticed, this often. */
const HEARTBEAT_MS = 500;
/** So long without even a heartbeat, the peer is taken for dead. */
const SILENCE_LIMIT_MS = 15_000;
const COM_BINLOG_DUMP = 0x12;
const ER_MASTER_FATAL_ERROR_READING_BINLOG = 1236;
const FOUR_GIB = 2 ** 32;

/** The log does not have what we ask for: the copy must be made anew. */
export class LogLostError extends OperationalError {}

/**
 * One COM_BINLOG_DUMP: events in, nothing out (the server keeps its logs by its own rules).
 * Back-pressure is a count of holds: while there is one the socket is paused.
 */
export class BinlogReceiver {
  readonly #client: Connection;
  readonly #clock: Clock;
  readonly #consume: (event: BinlogEvent) => void;
  #holds = 0;
  #heardMs: number;
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: {
    readonly client: Connection;
    readonly clock: Clock;
    /** Throws to end the stream. */
    readonly consume: (event: BinlogEvent) => void;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#consume = options.consume;
    this.#heardMs = options.clock.monotonicMs();
    this.#failed.promise.catch(() => undefined);
  }

  /** Ends the stream. */
  fail(error: Error): void {
    this.#failed.reject(error);
  }

  /** Resolves when the signal aborts; throws when the stream ends in any other way. */
  async run(from: LogPosition, signal: AbortSignal): Promise<void> {
    if (from.offset >= FOUR_GIB) {
      throw new LogLostError(`the position ${from.file}:${from.offset} cannot be asked for`);
    }
    const ended = new AbortController();
    const aborted = new Promise<"aborted">((resolve) => {
      if (signal.aborted) resolve("aborted");
      signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    });
    const silence = this.#watch(ended.signal);
    silence.catch(() => undefined);
    const dumping = this.#dump(from);
    dumping.catch(() => undefined);
    try {
      await Promise.race([aborted, silence, dumping, this.#failed.promise]);
    } catch (error) {
      if (!signal.aborted) throw streamError(error);
    } finally {
      ended.abort();
      // The server's thread notices at its next heartbeat.
      destroyConnection(this.#client);
    }
  }

  /** Stops delivery until the returned function is called (once). */
  hold(): () => void {
    this.#holds += 1;
    if (this.#holds === 1) rawConnection(this.#client).pause();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      this.#heardMs = this.#clock.monotonicMs();
      if (this.#holds === 0) rawConnection(this.#client).resume();
    };
  }

  async #dump(from: LogPosition): Promise<void> {
    for (const setting of dumpSettings()) await execute(this.#client, `SET ${setting}`);
    const decoder = new BinlogDecoder();
    const request = Buffer.alloc(11);
    request[0] = COM_BINLOG_DUMP;
    request.writeUInt32LE(from.offset, 1);
    request.writeUInt16LE(0, 5);
    // Servers cut off an older replica of the same number; ours is not any replica's.
    request.writeUInt32LE(randomInt(2 ** 31, 2 ** 32 - 1), 7);
    const payload = Buffer.concat([request, Buffer.from(from.file, "utf8")]);
    await runRawCommand(this.#client, payload, (buffer, start, end) => {
      this.#heardMs = this.#clock.monotonicMs();
      if (buffer[start] === 0xfe && end - start < 9) {
        throw new OperationalError("the server ended the stream");
      }
      this.#take(decoder, buffer.subarray(start + 1, end));
      return false;
    });
  }

  #take(decoder: BinlogDecoder, bytes: Buffer): void {
    const event = decoder.decode(bytes);
    if (event.kind !== "payload") return this.#consume(event);
    // Events inside do not know their place: the one that commits ends where the whole does.
    const { endPosition } = event.header;
    for (const inner of decoder.inner(event)) this.#consume(atEnd(inner, endPosition));
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.wait(1000, signal);
      if (this.#holds > 0 || signal.aborted) continue;
      if (this.#clock.monotonicMs() - this.#heardMs > SILENCE_LIMIT_MS) {
        throw new OperationalError("the server has fallen silent");
      }
    }
    await new Promise(() => undefined);
  }
}

function atEnd(event: BinlogEvent, endPosition: number): BinlogEvent {
  const header = { ...event.header, endPosition };
  switch (event.kind) {
    case "xid":
      return { ...event, header };
    case "query":
      return { ...event, header };
    case "xaPrepare":
      return { ...event, header };
    default:
      return { ...event, header: { ...event.header, endPosition: 0 } };
  }
}

/** Both spellings: versions differ in which they read. */
function dumpSettings(): readonly string[] {
  const uuid = randomBytes(16)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const nanoseconds = HEARTBEAT_MS * 1_000_000;
  return [
    `@master_heartbeat_period = ${nanoseconds}`,
    `@source_heartbeat_period = ${nanoseconds}`,
    "@master_binlog_checksum = @@global.binlog_checksum",
    "@source_binlog_checksum = @@global.binlog_checksum",
    `@slave_uuid = '${uuid}'`,
    `@replica_uuid = '${uuid}'`,
    // MariaDB: we know its GTID events and need no dummies in their place.
    "@mariadb_slave_capability = 4",
  ];
}

/** Of the messages with number 1236: those after which asking again is of no use. */
const LOST =
  /could not (find|open)|purged|position ?>|impossible position|bogus data|corrupt|log event entry exceeded|max_allowed_packet/i;

function streamError(error: unknown): Error {
  const fields = databaseError(error);
  if (fields?.errno === ER_MASTER_FATAL_ERROR_READING_BINLOG) {
    if (/same server[_ ](uuid|id)/i.test(fields.message)) {
      const message =
        "another replica has our server id; another one is chosen at the next attempt";
      return new OperationalError(message, { cause: error });
    }
    if (LOST.test(fields.message)) {
      const message = `changes are lost: the binary log cannot be read: ${fields.message}`;
      return new LogLostError(message, { cause: error });
    }
  }
  if (error instanceof OperationalError) return error;
  const code = fields === null ? "" : ` (${fields.errno})`;
  return new OperationalError(`the change stream broke: ${messageOf(error)}${code}`, {
    cause: error,
  });
}
