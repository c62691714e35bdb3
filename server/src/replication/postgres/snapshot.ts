import type { Row, TableSchema } from "@freshet/types";
import { OperationalError, must } from "@freshet/util";
import type pg from "pg";
import type { TableCopy, TransactionMark } from "../contract.ts";
import {
  type ConnectionOptions,
  databaseError,
  destroyConnection,
  endQuietly,
  openConnection,
} from "./connection.ts";
import { readCopy } from "./copy-reader.ts";
import { qualified, quoteName, quoteText } from "./names.ts";
import { queryRows } from "./session.ts";
import { SnapshotMark } from "./snapshot-mark.ts";
import type { TableDetail } from "./table-detail.ts";

/** 64 MB usually: large enough to amortise a query, small enough to share out evenly. */
const CHUNK_BLOCKS = 8192;
const READERS_LIMIT = 4;
/** Batches that wait for the consumer before the readers' sockets are paused. */
const READY_BATCHES_LIMIT = 8;
const LOCK_TIMEOUT = "30s";
const HELPER_LOCK_TIMEOUT = "1s";
const LOCK_NOT_AVAILABLE = "55P03";

export interface SnapshotSource {
  readonly mark: SnapshotMark;
  readonly snapshotName: string;
  readonly client: pg.Client;
}

/**
 * A snapshot to copy the table from. The lock is taken first and kept to the end of the copy:
 * TRUNCATE and rewriting ALTERs are not safe for older snapshots, so they have to wait.
 */
export async function openSnapshot(
  options: ConnectionOptions,
  table: TableSchema,
): Promise<SnapshotSource> {
  const client = await openConnection(options, "copy");
  try {
    await client.query(`SET lock_timeout TO ${quoteText(LOCK_TIMEOUT)}`);
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await client.query(`LOCK TABLE ${qualified(table)} IN ACCESS SHARE MODE`);
    const rows = await queryRows(
      client,
      "SELECT pg_export_snapshot() AS name, pg_current_snapshot()::text AS mark",
    );
    return {
      client,
      snapshotName: must(rows[0]?.["name"], "a snapshot has a name"),
      mark: new SnapshotMark(must(rows[0]?.["mark"], "a snapshot has a mark")),
    };
  } catch (error) {
    await endQuietly(client);
    throw error;
  }
}

/** Reads one table through several sessions that share a snapshot. */
export class SnapshotCopy implements TableCopy {
  readonly estimatedRows: number;
  readonly #source: SnapshotSource;
  readonly #options: ConnectionOptions;
  readonly #schema: TableSchema;
  readonly #commands: string[];
  readonly #signal: AbortSignal;
  readonly #readers = new Set<pg.Client>();
  readonly #ready: (readonly Row[])[] = [];
  #active = 0;
  #failure: Error | null = null;
  #closed = false;
  #wakeConsumer: (() => void) | null = null;
  #wakeReaders: (() => void)[] = [];
  readonly #abort = () => {
    this.#fail(new OperationalError("the copy was cancelled"));
  };

  constructor(options: {
    readonly connection: ConnectionOptions;
    readonly source: SnapshotSource;
    readonly schema: TableSchema;
    readonly estimatedRows: number;
    readonly commands: readonly string[];
    readonly signal: AbortSignal;
  }) {
    this.#options = options.connection;
    this.#source = options.source;
    this.#schema = options.schema;
    this.estimatedRows = options.estimatedRows;
    this.#commands = [...options.commands];
    this.#signal = options.signal;
    this.#signal.addEventListener("abort", this.#abort, { once: true });
  }

  includes(transaction: TransactionMark): boolean {
    return this.#source.mark.includes(transaction.xid);
  }

  async *rows(): AsyncGenerator<readonly Row[]> {
    const readers = Math.max(1, Math.min(READERS_LIMIT, this.#commands.length));
    this.#active = readers;
    void this.#run(this.#source.client);
    for (let reader = 1; reader < readers; reader += 1) void this.#runHelper();
    while (!this.#closed) {
      if (this.#failure !== null) throw this.#failure;
      const batch = this.#ready.shift();
      if (batch !== undefined) {
        if (this.#ready.length < READY_BATCHES_LIMIT) this.#releaseReaders();
        yield batch;
      } else if (this.#active === 0) return;
      else await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener("abort", this.#abort);
    this.#releaseReaders();
    this.#wake();
    const { client } = this.#source;
    const reading = this.#readers.has(client);
    for (const reader of this.#readers) destroyConnection(reader);
    if (!reading) await endQuietly(client);
  }

  /**
   * A session beside the one that exported the snapshot. It needs a lock of its own, and somebody
   * who wants to truncate the table may stand in the queue before it, behind our first lock: to
   * wait for that would be to wait for ourselves. So it waits a moment, and else is not needed.
   */
  async #runHelper(): Promise<void> {
    let client: pg.Client | null = null;
    try {
      client = await openConnection(this.#options, "copy");
      await client.query(`SET lock_timeout TO ${quoteText(HELPER_LOCK_TIMEOUT)}`);
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      await client.query(`SET TRANSACTION SNAPSHOT ${quoteText(this.#source.snapshotName)}`);
      await client.query(`LOCK TABLE ${qualified(this.#schema)} IN ACCESS SHARE MODE`);
    } catch (error) {
      if (client !== null) destroyConnection(client);
      if (databaseError(error)?.code === LOCK_NOT_AVAILABLE) this.#left();
      else {
        this.#fail(error);
        this.#left();
      }
      return;
    }
    await this.#run(client);
    await endQuietly(client);
  }

  /** Takes one command after the other. Never rejects: a failure goes to the consumer. */
  async #run(client: pg.Client): Promise<void> {
    this.#readers.add(client);
    try {
      const types = this.#schema.columns.map((column) => column.type);
      while (this.#failure === null && !this.#closed) {
        const command = this.#commands.shift();
        if (command === undefined) break;
        await readCopy(client, command, types, (rows) => this.#offer(rows));
      }
    } catch (error) {
      this.#fail(error);
      destroyConnection(client);
    } finally {
      this.#readers.delete(client);
      this.#left();
    }
  }

  #left(): void {
    this.#active -= 1;
    this.#wake();
  }

  #offer(rows: readonly Row[]): Promise<void> | undefined {
    this.#ready.push(rows);
    this.#wake();
    if (this.#ready.length < READY_BATCHES_LIMIT) return undefined;
    return new Promise((resolve) => this.#wakeReaders.push(resolve));
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new OperationalError(String(error));
    for (const client of this.#readers) destroyConnection(client);
    this.#releaseReaders();
    this.#wake();
  }

  #wake(): void {
    const wake = this.#wakeConsumer;
    this.#wakeConsumer = null;
    wake?.();
  }

  #releaseReaders(): void {
    const waiting = this.#wakeReaders;
    this.#wakeReaders = [];
    for (const release of waiting) release();
  }
}

const BLOCKS = `SELECT (pg_relation_size($1::text::oid) / current_setting('block_size')::int + 1)::text
  AS blocks`;

/**
 * The COPY commands that together read the table once. Ranges of physical row addresses are
 * scanned directly from version 14 on; before, each table is one command. The last range is open,
 * for rows in blocks added after the size was read.
 */
export async function copyCommands(
  client: pg.Client,
  versionNumber: number,
  schema: TableSchema,
  detail: TableDetail,
): Promise<readonly string[]> {
  const columns = schema.columns.map((column) => quoteName(column.name)).join(", ");
  const parts = detail.kind === "p" ? detail.leaves : [detail];
  const commands: string[] = [];
  for (const part of parts) {
    const select = `SELECT ${columns} FROM ONLY ${qualified(part)}`;
    if (versionNumber < 140_000) {
      commands.push(`COPY (${select}) TO STDOUT`);
      continue;
    }
    const size = await queryRows(client, BLOCKS, [String(part.oid)]);
    const blocks = Number(size[0]?.["blocks"] ?? 0);
    const chunk = Math.max(256, Math.min(CHUNK_BLOCKS, Math.ceil(blocks / READERS_LIMIT)));
    for (let start = 0; start === 0 || start < blocks; start += chunk) {
      const last = start + chunk >= blocks;
      const upper = last ? "" : ` AND ctid < '(${start + chunk},0)'`;
      const where = start === 0 && last ? "" : ` WHERE ctid >= '(${start},0)'${upper}`;
      commands.push(`COPY (${select}${where}) TO STDOUT`);
    }
  }
  return commands;
}
