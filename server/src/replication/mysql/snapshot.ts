import type { Row, TableSchema } from "@freshet/types";
import { type Clock, type Logger, OperationalError, must } from "@freshet/util";
import type { Connection } from "mysql2";
import type { TableCopy, TransactionMark } from "../contract.ts";
import {
  type ConnectionOptions,
  databaseError,
  destroyConnection,
  endQuietly,
  execute,
  openConnection,
} from "./connection.ts";
import { CopyQueue } from "./copy-queue.ts";
import { qualified } from "./names.ts";
import { type LogPosition, compareLogPositions, parsePosition } from "./position.ts";
import { readRows } from "./row-reader.ts";
import { type ServerInfo, readLogEnd } from "./server-info.ts";
import { queryRows } from "./session.ts";

const LOCK_ATTEMPTS = 60;
const LOCK_WARNING_EVERY = 5;
/** So many attempts let everybody pass before one makes new users of the table wait, for a second. */
const INSIST_EVERY = 3;
const LOCK_RETRY_LIMIT_MS = 3000;
const COMMIT_ATTEMPTS = 600;
const COMMIT_RETRY_MS = 100;
/** Were we cut off while holding the lock, the application's writers would wait this long. */
const LOCKER_IDLE_SECONDS = 5;
/** Were we cut off while copying, the table could not be altered for this long. */
const READER_IDLE_SECONDS = 600;
const ER_LOCK_WAIT_TIMEOUT = 1205;
/** Seen twice so long apart, somebody who wants to alter the table gets his turn. */
const GIVE_WAY_MS = 1000;
const ER_TABLE_DEF_CHANGED = 1412;

/** Sessions that see the table as it was at one position. */
export interface SnapshotSource {
  readonly position: LogPosition;
  readonly readers: readonly Connection[];
}

export interface SnapshotRequest {
  readonly connection: ConnectionOptions;
  readonly server: ServerInfo;
  readonly schema: TableSchema;
  /** Sessions wanted; fewer may come. */
  readonly readers: number;
  /** Everything up to here must be in the copy: it was not, or will not be, delivered. */
  readonly notBefore: LogPosition | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const BEGIN = "START TRANSACTION WITH CONSISTENT SNAPSHOT";

export async function openSnapshot(request: SnapshotRequest): Promise<SnapshotSource> {
  if (request.server.flavour === "mysql") return openUnderLock(request);
  return (await openAtPosition(request)) ?? openUnderLock(request);
}

/**
 * MariaDB tells each snapshot's exact position: those that have the first one's are used. Null
 * where it may not be exact: a snapshot's position is past an XA COMMIT as soon as that is in the
 * log, before the engine shows its rows.
 */
async function openAtPosition(request: SnapshotRequest): Promise<SnapshotSource | null> {
  const readers: Connection[] = [];
  try {
    let position: LogPosition | null = null;
    for (let count = 0; count < request.readers; count += 1) {
      const client = await openConnection(request.connection, "copy");
      readers.push(client);
      await execute(client, `SET SESSION wait_timeout = ${READER_IDLE_SECONDS}`);
      await execute(client, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      await execute(client, `SET SESSION lock_wait_timeout = ${count === 0 ? 30 : 1}`);
      const own: LogPosition =
        position === null ? await beginAfter(client, request) : await begin(client);
      if (position === null && (await hasXaCommits(client))) {
        await closeAll(readers);
        return null;
      }
      position ??= own;
      const joins = compareLogPositions(own, position) === 0;
      if (!joins || !(await touchOrLeave(client, request.schema, count))) {
        readers.pop();
        await endQuietly(client);
      }
    }
    return { position: must(position, "at least one reader"), readers };
  } catch (error) {
    await closeAll(readers);
    throw error;
  }
}

/**
 * False: somebody who wants to alter the table waits for the first reader, and this one would
 * wait for him. The others do without it.
 */
async function touchOrLeave(
  client: Connection,
  schema: TableSchema,
  number: number,
): Promise<boolean> {
  try {
    await touch(client, schema);
    return true;
  } catch (error) {
    if (number > 0 && databaseError(error)?.errno === ER_LOCK_WAIT_TIMEOUT) return false;
    throw error;
  }
}

async function begin(client: Connection): Promise<LogPosition> {
  await execute(client, BEGIN);
  return snapshotPosition(client);
}

/**
 * Transactions are in the log, and streamed, before the engine shows them; a slow disk or replicas
 * that are waited for can make that long.
 */
async function beginAfter(
  client: Connection,
  { notBefore, schema, clock, logger, signal }: SnapshotRequest,
): Promise<LogPosition> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const position = await begin(client);
    if (notBefore === null || compareLogPositions(position, notBefore) >= 0) return position;
    await execute(client, "ROLLBACK");
    const table = `${schema.schema}.${schema.name}`;
    if (attempt >= COMMIT_ATTEMPTS) {
      throw new OperationalError(
        `${table} could not be copied: transactions in the binary log are not committed yet`,
      );
    }
    if (attempt === COMMIT_ATTEMPTS / 10) {
      logger.warn({ table }, "waiting for transactions in the binary log to be committed");
    }
    await clock.wait(COMMIT_RETRY_MS, signal);
  }
}

/** Has any been begun since the server started? */
async function hasXaCommits(client: Connection): Promise<boolean> {
  const rows = await queryRows(client, "SHOW GLOBAL STATUS LIKE 'Com_xa_commit'");
  return rows[0]?.["Value"] !== "0";
}

async function snapshotPosition(client: Connection): Promise<LogPosition> {
  const rows = await queryRows(client, "SHOW STATUS LIKE 'Binlog_snapshot_%'");
  const values = new Map(
    rows.map((row) => [(row["Variable_name"] ?? "").toLowerCase(), row["Value"] ?? ""]),
  );
  const file = values.get("binlog_snapshot_file") ?? "";
  if (file === "") throw new OperationalError("the server does not tell its snapshot's position");
  return { file, offset: Number(values.get("binlog_snapshot_position")), created: 0 };
}

/**
 * MySQL: for a moment nobody may write the table. Everybody who wrote it before has committed, so
 * the snapshots opened meanwhile have exactly the table's changes up to the position read then.
 */
async function openUnderLock(request: SnapshotRequest): Promise<SnapshotSource> {
  const { connection, schema, clock, logger, signal } = request;
  const name = `${schema.schema}.${schema.name}`;
  const readers: Connection[] = [];
  const locker = await openConnection(connection, "copy");
  try {
    for (let count = 0; count < request.readers; count += 1) {
      readers.push(await openConnection(connection, "copy"));
    }
    for (const client of [locker, ...readers]) {
      await execute(client, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      // Who wants to alter the table may stand between our lock and our readers: nobody must
      // wait for that longer than a moment, or all would wait for all.
      await execute(client, "SET SESSION lock_wait_timeout = 1");
      await execute(client, `SET SESSION wait_timeout = ${READER_IDLE_SECONDS}`);
    }
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        const insist = attempt % INSIST_EVERY === 0;
        return { position: await snapshotUnderLock(locker, readers, request, insist), readers };
      } catch (error) {
        if (databaseError(error)?.errno !== ER_LOCK_WAIT_TIMEOUT) throw error;
        await execute(locker, "UNLOCK TABLES");
        await execute(locker, `SET SESSION wait_timeout = ${READER_IDLE_SECONDS}`);
        for (const client of readers) await execute(client, "ROLLBACK");
        if (attempt >= LOCK_ATTEMPTS) {
          throw new OperationalError(
            `${name} could not be locked for a moment: a long transaction or statement is using it`,
            { cause: error },
          );
        }
        if (attempt % LOCK_WARNING_EVERY === 1) {
          const message = "waiting for long transactions to lock a table for a moment; will retry";
          logger.warn({ table: name, attempt }, message);
        }
        const limitMs = Math.min(LOCK_RETRY_LIMIT_MS, 250 * attempt);
        await clock.wait(limitMs / 2 + (Math.random() * limitMs) / 2, signal);
      }
    }
  } catch (error) {
    await closeAll(readers);
    throw error;
  } finally {
    await endQuietly(locker);
  }
}

async function snapshotUnderLock(
  locker: Connection,
  readers: readonly Connection[],
  { schema, server }: SnapshotRequest,
  insist: boolean,
): Promise<LogPosition> {
  await execute(locker, `SET SESSION wait_timeout = ${LOCKER_IDLE_SECONDS}`);
  const excludes = insist && (await lockForWriting(locker, schema));
  if (!excludes) await execute(locker, `LOCK TABLES ${qualified(schema)} READ`);
  for (const client of readers) await execute(client, BEGIN);
  const end = await readLogEnd(locker, server);
  // A definition that changes between the two is refused by the engine or told by the log.
  if (excludes) await execute(locker, "UNLOCK TABLES");
  for (const client of readers) await touch(client, schema);
  await execute(locker, "UNLOCK TABLES");
  await execute(locker, `SET SESSION wait_timeout = ${READER_IDLE_SECONDS}`);
  return { file: end.file, offset: end.size, created: 0 };
}

/**
 * A table that somebody always writes is never free to be locked for reading: new writers pass
 * who waits for that, but not who waits to write, so the present ones come to an end. False where
 * the account or the server does not allow it.
 */
async function lockForWriting(locker: Connection, schema: TableSchema): Promise<boolean> {
  try {
    await execute(locker, `LOCK TABLES ${qualified(schema)} WRITE`);
    return true;
  } catch (error) {
    const errno = databaseError(error)?.errno;
    if (errno === undefined || errno === ER_LOCK_WAIT_TIMEOUT) throw error;
    return false;
  }
}

/** From now on the definition cannot change until the transaction ends. */
async function touch(client: Connection, schema: TableSchema): Promise<void> {
  try {
    await execute(client, `SELECT 1 FROM ${qualified(schema)} LIMIT 1`);
  } catch (error) {
    if (databaseError(error)?.errno !== ER_TABLE_DEF_CHANGED) throw error;
    const name = `${schema.schema}.${schema.name}`;
    throw new OperationalError(`${name} changed before it could be copied`, { cause: error });
  }
}

export async function closeAll(clients: readonly Connection[]): Promise<void> {
  await Promise.all(clients.map((client) => endQuietly(client)));
}

/** Reads one table through several sessions that see the same. */
export class SnapshotCopy implements TableCopy {
  readonly estimatedRows: number;
  readonly #source: SnapshotSource;
  readonly #schema: TableSchema;
  readonly #commands: string[];
  readonly #queue: CopyQueue;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  readonly #isInTheWay: () => Promise<boolean>;
  #running = 0;
  #closed = false;
  readonly #abort = () => {
    this.#queue.fail(new OperationalError("the copy was cancelled"));
    for (const client of this.#source.readers) destroyConnection(client);
  };

  constructor(options: {
    readonly source: SnapshotSource;
    readonly schema: TableSchema;
    readonly estimatedRows: number;
    readonly commands: readonly string[];
    readonly signal: AbortSignal;
    readonly clock: Clock;
    /** Does somebody wait to alter the table? */
    readonly isInTheWay: () => Promise<boolean>;
  }) {
    this.#clock = options.clock;
    this.#isInTheWay = options.isInTheWay;
    this.#source = options.source;
    this.#schema = options.schema;
    this.estimatedRows = options.estimatedRows;
    this.#commands = [...options.commands];
    this.#queue = new CopyQueue(options.source.readers.length);
    this.#signal = options.signal;
    this.#signal.addEventListener("abort", this.#abort, { once: true });
  }

  includes(transaction: TransactionMark): boolean {
    const end = parsePosition(transaction.position);
    return compareLogPositions(end, this.#source.position) <= 0;
  }

  async *rows(): AsyncGenerator<readonly Row[]> {
    for (const client of this.#source.readers) void this.#run(client);
    const done = new AbortController();
    void this.#giveWay(done.signal);
    try {
      yield* this.#queue.batches();
    } finally {
      done.abort();
    }
  }

  /**
   * Our readers' transactions keep the table from being altered, and whoever waits to alter it
   * keeps everybody else from it: then the copy ends, and begins again later. Never rejects.
   */
  async #giveWay(done: AbortSignal): Promise<void> {
    let sightings = 0;
    try {
      while (!done.aborted && sightings < 2) {
        await this.#clock.wait(GIVE_WAY_MS, done);
        if (done.aborted) return;
        sightings = (await this.#isInTheWay()) ? sightings + 1 : 0;
      }
    } catch {
      return; // The connection's end is noticed by others.
    }
    if (done.aborted) return;
    const name = `${this.#schema.schema}.${this.#schema.name}`;
    this.#queue.fail(
      new OperationalError(`copying ${name} gave way to a statement that alters it`),
    );
    for (const client of this.#source.readers) destroyConnection(client);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener("abort", this.#abort);
    this.#queue.close();
    if (this.#running > 0) for (const client of this.#source.readers) destroyConnection(client);
    else await closeAll(this.#source.readers);
  }

  /** Takes one command after the other. Never rejects: a failure goes to the consumer. */
  async #run(client: Connection): Promise<void> {
    this.#running += 1;
    try {
      const types = this.#schema.columns.map((column) => column.type);
      while (!this.#queue.ended) {
        const command = this.#commands.shift();
        if (command === undefined) break;
        await readRows(client, command, types, (rows) => this.#queue.offer(rows));
      }
    } catch (error) {
      this.#queue.fail(error);
      destroyConnection(client);
    } finally {
      this.#running -= 1;
      this.#queue.readerLeft();
    }
  }
}
