import type { TableId, TableSchema } from "@freshet/types";
import { type Clock, type Logger, OperationalError, must } from "@freshet/util";
import type {
  BackupLog,
  Finding,
  ReplicationHealth,
  StatementDescription,
  StreamHandler,
  TableCopy,
  Upstream,
  UpstreamCatalog,
  UpstreamIdentity,
  UpstreamReplica,
} from "../contract.ts";
import { mysqlBackupLog } from "./backup-log.ts";
import { BinlogReceiver, LogLostError } from "./binlog-receiver.ts";
import { parseScope, readCatalog, readDefinitions, wantedTypes } from "./catalog.ts";
import { cleanUp } from "./cleanup.ts";
import {
  type ConnectionOptions,
  databaseError,
  databaseOf,
  destroyConnection,
  endQuietly,
  openConnection,
} from "./connection.ts";
import { copyCommands } from "./copy-commands.ts";
import { describeStatement, executedColumns } from "./describe.ts";
import { GlobalSettings } from "./global-settings.ts";
import { someoneWaitsToAlter } from "./lock-waiters.ts";
import { LogCheck } from "./log-check.ts";
import { qualified } from "./names.ts";
import {
  type LogPosition,
  compareLogPositions,
  comparePositions,
  parsePosition,
  positionText,
} from "./position.ts";
import { PreparedTransactions } from "./prepared-transactions.ts";
import { mayRead } from "./privileges.ts";
import { SchemaChanges } from "./schema-changes.ts";
import {
  type BinaryLog,
  type ServerInfo,
  isDurable,
  readBinaryLogs,
  readLogEnd,
  readServerInfo,
} from "./server-info.ts";
import { type Session, openSession } from "./session.ts";
import { setUp } from "./setup.ts";
import { type SnapshotSource, SnapshotCopy, closeAll, openSnapshot } from "./snapshot.ts";
import { estimateRows, readTableDetails } from "./table-detail.ts";
import { TableIds } from "./table-ids.ts";
import { TrackedTables } from "./tracked-tables.ts";
import { TransactionAssembler } from "./transaction-assembler.ts";
import { verifyUpstream } from "./verify.ts";

export interface MysqlUpstreamOptions {
  readonly url: string;
  readonly deployment: string;
  /** Nothing is ever made upstream, so it changes nothing. */
  readonly disableSetup?: boolean;
  /** Overrides the URL's `ssl-mode`; as `node:tls` takes it. */
  readonly tls?: boolean | object;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Larger tables are read by several sessions. */
const PARALLEL_ROWS = 50_000;
const READERS_LIMIT = 3;

/** MySQL 8.0 and MariaDB 10.6 and later, through the binary log. */
export function createMysqlUpstream(options: MysqlUpstreamOptions): Upstream {
  return new MysqlUpstream(options);
}

class MysqlUpstream implements Upstream {
  readonly #connection: ConnectionOptions;
  readonly backups: BackupLog = mysqlBackupLog(() => this.currentPosition());
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #admin: Session;
  /** Asked for every read-your-writes, so nothing slow runs here. */
  readonly #poll: Session;
  /** For what may have to wait for locks on tables. */
  readonly #definitions: Session;
  /** Describes texts in a scope without a default schema, which cannot be taken back. */
  readonly #bare: Session;
  readonly #tables = new TrackedTables();
  readonly #ids = new TableIds();
  readonly #prepared: PreparedTransactions;
  readonly #changes: SchemaChanges;
  readonly #closing = new AbortController();
  #server: ServerInfo | null = null;
  #handler: StreamHandler | null = null;
  readonly #globalSettings = new GlobalSettings();
  #assembler: TransactionAssembler | null = null;
  #streaming = false;
  #receiver: BinlogReceiver | null = null;
  /** Settled as soon as it is known where the present stream begins. */
  #started: Promise<unknown> = Promise.resolve();
  /** Where the log ended when the first table was added before there was any stream. */
  #firstAdded: LogPosition | null = null;
  /** Where the last stream ended: what is prepared and not committed is known up to there. */
  #streamed: LogPosition | null = null;
  /** Set when a stream found that it cannot resume; the next `connect` tells. */
  #lost: string | null = null;

  constructor(options: MysqlUpstreamOptions) {
    this.#connection = {
      url: options.url,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    };
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#admin = openSession(this.#connection, "admin");
    this.#poll = openSession(this.#connection, "poll");
    this.#definitions = openSession(this.#connection, "admin");
    this.#bare = openSession(this.#connection, "admin", "");
    this.#prepared = new PreparedTransactions(this.#tables);
    this.#changes = new SchemaChanges({
      tables: this.#tables,
      logger: this.#logger,
      handler: () => this.#handler,
    });
  }

  verify(): Promise<readonly Finding[]> {
    return verifyUpstream(this.#connection);
  }

  async connect(signal: AbortSignal): Promise<UpstreamIdentity> {
    const client = await openConnection(this.#connection, "admin");
    const stop = () => destroyConnection(client);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const { identity, server } = await setUp({
        client,
        database: databaseOf(this.#connection.url),
        logger: this.#logger,
        lost: this.#lost,
      });
      this.#lost = null;
      this.#server = server;
      if (server.foldNames) this.#tables.foldNames();
      return identity;
    } catch (error) {
      const fields = databaseError(error);
      if (fields === null) throw error;
      throw new OperationalError(`setting up replication failed: ${fields.message}`, {
        cause: error,
      });
    } finally {
      signal.removeEventListener("abort", stop);
      await endQuietly(client);
    }
  }

  catalog(scopeIdentity: string): Promise<UpstreamCatalog> {
    return this.#admin.run((client) => readCatalog(client, this.#ids, scopeIdentity));
  }

  describe(text: string, scopeIdentity: string): Promise<StatementDescription> {
    const session = parseScope(scopeIdentity).db === "" ? this.#bare : this.#definitions;
    const executed = async (parameters: number) => {
      const client = await openConnection(this.#connection, "admin");
      return executedColumns(client, text, scopeIdentity, parameters);
    };
    return session.run((client) => describeStatement(client, text, scopeIdentity, executed));
  }

  mayRead(
    role: string,
    uses: readonly { table: TableId; columns: readonly number[] }[],
  ): Promise<boolean> {
    return this.#admin.run(async (client) => {
      const names = uses.map((use) => this.#ids.nameOf(use.table));
      const known = names.filter((name) => name !== undefined);
      if (known.length < names.length) return false;
      const server = await this.#serverInfo();
      const details = await readTableDetails(client, server, known);
      const tables = [];
      for (const [index, use] of uses.entries()) {
        const name = known[index]!;
        const detail = details.find(
          (each) => each.schema === name.schema && each.name === name.name,
        );
        const columns = use.columns.map(
          (number) => detail?.columns.find((column) => column.number === number)?.name,
        );
        if (detail === undefined || columns.includes(undefined)) return false;
        tables.push({ ...name, columns: columns.filter((column) => column !== undefined) });
      }
      return mayRead(client, role, tables);
    });
  }

  /**
   * Before the stream began: tables whose copies are older, so their changes matter from its
   * start. Later: tables about to be copied.
   */
  async addTables(
    schemas: readonly TableSchema[],
  ): Promise<readonly { table: TableId; refused: string }[]> {
    if (schemas.length === 0) return [];
    const adopting = !this.#streaming;
    const server = await this.#serverInfo();
    if (!adopting) await this.#started;
    return this.#admin.run(async (client) => {
      for (const schema of schemas) this.#ids.idOf(schema);
      const found = await readDefinitions(client, server, this.#ids, schemas);
      const end = await readLogEnd(client, server);
      const ended: LogPosition = { file: end.file, offset: end.size, created: 0 };
      // What was streamed until now was not kept for these tables.
      const streamed = this.#assembler?.position ?? ended;
      const since = adopting ? null : compareLogPositions(streamed, ended) > 0 ? streamed : ended;
      if (adopting) this.#firstAdded ??= ended;
      const refusals: { table: TableId; refused: string }[] = [];
      for (const schema of schemas) {
        const refused = this.#refusal(schema, found.get(schema.id)?.definition);
        if (refused === null) {
          const { detail } = must(found.get(schema.id), "an accepted table was found");
          this.#tables.add(schema, wantedTypes(detail, schema), since);
        } else {
          this.#tables.remove(schema.id);
          refusals.push({ table: schema.id, refused });
        }
      }
      return refusals;
    });
  }

  /** The log has all changes of all tables: its positions are enough. */
  evidenceOf(): null {
    return null;
  }

  removeTables(ids: readonly TableId[]): Promise<void> {
    for (const id of ids) this.#tables.remove(id);
    return Promise.resolve();
  }

  async copyTable(schema: TableSchema, signal: AbortSignal): Promise<TableCopy> {
    signal.throwIfAborted();
    let source: SnapshotSource | null = null;
    try {
      const server = await this.#serverInfo();
      const estimatedRows = await this.#admin.run((client) => estimateRows(client, server, schema));
      source = await openSnapshot({
        connection: this.#connection,
        server,
        schema,
        readers: estimatedRows >= PARALLEL_ROWS ? READERS_LIMIT : 1,
        notBefore: this.#tables.get(schema.id)?.since ?? this.#firstAdded,
        clock: this.#clock,
        logger: this.#logger,
        signal: AbortSignal.any([signal, this.#closing.signal]),
      });
      // The readers hold the definition from now on: what it is now, it is in the snapshot.
      const found = await this.#admin.run((client) =>
        readDefinitions(client, server, this.#ids, [schema]),
      );
      const refused = this.#refusal(schema, found.get(schema.id)?.definition);
      if (refused !== null || this.#tables.get(schema.id)?.schema !== schema) {
        throw new OperationalError(refused ?? changedMessage(schema));
      }
      return new SnapshotCopy({
        source,
        schema,
        signal,
        estimatedRows,
        clock: this.#clock,
        isInTheWay: () => this.#admin.run((client) => someoneWaitsToAlter(client, server, schema)),
        commands: await copyCommands(source.readers[0]!, schema, estimatedRows),
      });
    } catch (error) {
      if (source !== null) await closeAll(source.readers);
      const fields = databaseError(error);
      if (fields === null) throw error;
      throw new OperationalError(`copying failed: ${fields.message}`, { cause: error });
    }
  }

  async stream(from: string | null, handler: StreamHandler, signal: AbortSignal): Promise<void> {
    if (this.#streaming) throw new OperationalError("the stream is running already");
    this.#streaming = true;
    this.#handler = handler;
    const start = this.#startPosition(from);
    this.#started = start.catch(() => undefined);
    try {
      await this.#stream(await start, handler, signal);
    } catch (error) {
      if (error instanceof LogLostError) this.#lost = error.message;
      throw error;
    } finally {
      this.#handler = null;
      this.#streaming = false;
      this.#firstAdded = null;
    }
  }

  async #stream(
    { start, activeFile }: StreamStart,
    handler: StreamHandler,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#streamed === null || compareLogPositions(this.#streamed, start) !== 0) {
      this.#prepared.clear();
    }
    const client = await openConnection(this.#connection, "replication");
    let full: (() => void) | null = null;
    const assembler = new TransactionAssembler({
      tables: this.#tables,
      handler,
      changes: this.#changes,
      prepared: this.#prepared,
      logger: this.#logger,
      durable: isDurable(await this.#serverInfo()),
      from: start,
      activeFile,
      full: () => (full ??= receiver.hold()),
    });
    this.#assembler = assembler;
    const check = new LogCheck(start);
    const receiver: BinlogReceiver = new BinlogReceiver({
      client,
      clock: this.#clock,
      consume(event) {
        check.event(event);
        assembler.event(event);
      },
    });
    handler.onReady(() => {
      const release = full;
      full = null;
      release?.();
    });
    this.#receiver = receiver;
    try {
      await receiver.run(start, AbortSignal.any([signal, this.#closing.signal]));
    } finally {
      this.#streamed = assembler.position;
      this.#assembler = null;
      this.#receiver = null;
    }
  }

  /** The server keeps its logs by its own rules. */
  acknowledge(): void {}

  /** Heartbeats come twice a second, and everything else at once. */
  nudge(): void {}

  compare(left: string, right: string): number {
    return comparePositions(left, right);
  }

  async currentPosition(): Promise<string> {
    const server = await this.#serverInfo();
    const end = await this.#poll.run((client) => this.#notReset(() => readLogEnd(client, server)));
    return positionText({ file: end.file, offset: end.size, created: 0 });
  }

  /**
   * A log that ends before what was streamed of it was reset under the dump, which may not notice
   * until the new log is longer.
   */
  async #notReset(readEnd: () => Promise<BinaryLog>): Promise<BinaryLog> {
    if (this.#lost !== null) throw new LogLostError(this.#lost);
    const [assembler, receiver] = [this.#assembler, this.#receiver];
    const streamed = assembler?.position ?? null;
    const end = await readEnd();
    if (streamed === null || assembler !== this.#assembler) return end;
    if (compareLogPositions({ file: end.file, offset: end.size, created: 0 }, streamed) < 0) {
      const lost = new LogLostError("changes are lost: the binary logs were reset");
      receiver?.fail(lost);
      throw lost;
    }
    return end;
  }

  async health(): Promise<ReplicationHealth> {
    const server = await this.#serverInfo();
    const logs = await this.#poll.run(async (client) => {
      await this.#notReset(() => readLogEnd(client, server));
      if (await this.#globalSettings.changed(client)) this.#handler?.accessChange();
      return readBinaryLogs(client);
    });
    const retainedBytes = logs.reduce((sum, log) => sum + log.size, 0);
    const at = this.#assembler?.position ?? this.#streamed;
    let lagBytes: number | null = null;
    if (at !== null) {
      lagBytes = 0;
      for (const log of logs) {
        const order = compareLogPositions({ file: log.file, offset: at.offset, created: 0 }, at);
        if (order > 0) lagBytes += log.size;
        else if (order === 0) lagBytes += Math.max(0, log.size - at.offset);
      }
    }
    const lost = this.#lost === null ? null : `${this.#lost}; the tables are copied again`;
    return { active: this.#streaming, retainedBytes, lagBytes, lost };
  }

  cleanup(): Promise<readonly string[]> {
    return cleanUp();
  }

  /** Every dump has a number of its own, chosen by chance, and the server forgets it. */
  replicas(): Promise<readonly UpstreamReplica[]> {
    return Promise.resolve([]);
  }

  removeReplica(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const sessions = [this.#admin, this.#poll, this.#definitions, this.#bare];
    await Promise.all(sessions.map((each) => each.close()));
  }

  async #serverInfo(): Promise<ServerInfo> {
    return (this.#server ??= await this.#admin.run((client) => readServerInfo(client)));
  }

  #refusal(
    schema: TableSchema,
    definition: TableSchema | { readonly refused: string } | undefined,
  ): string | null {
    if (definition === undefined) return `${qualified(schema)} does not exist any more`;
    if ("refused" in definition) return definition.refused;
    if (definition.generation !== schema.generation) return changedMessage(schema);
    if (this.#changes.takeMissingColumns(schema.id)) {
      return `changes of ${qualified(schema)} were logged without all columns (fix: binlog_row_image = FULL in every session)`;
    }
    return null;
  }

  /** Throws LogLostError when the log has not, or not any more, what follows `from`. */
  async #startPosition(from: string | null): Promise<StreamStart> {
    const server = await this.#serverInfo();
    const end = await this.#poll.run((client) => readLogEnd(client, server));
    const added = this.#firstAdded ?? { file: end.file, offset: end.size, created: 0 };
    const start = from === null ? added : parsePosition(from);
    const logs = await this.#poll.run((client) => readBinaryLogs(client));
    const log = logs.find((each) => each.file === start.file);
    if (log === undefined) {
      throw new LogLostError(
        `changes are lost: the binary log ${start.file} does not exist any more`,
      );
    }
    if (log.size < start.offset) {
      throw new LogLostError(
        `changes are lost: the binary log ${start.file} ends at ${log.size}, before the position ${start.offset} to resume from (the server crashed or was reset)`,
      );
    }
    return { start, activeFile: end.file };
  }
}

interface StreamStart {
  readonly start: LogPosition;
  /** The file that is being written. */
  readonly activeFile: string;
}

function changedMessage(schema: TableSchema): string {
  return `${schema.schema}.${schema.name} changed before it could be copied`;
}
