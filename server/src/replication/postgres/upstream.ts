import type { TableId, TableSchema } from "@freshet/types";
import { type Clock, type Logger, OperationalError, must } from "@freshet/util";
import type {
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
import { BackupSlot } from "./backup-slot.ts";
import { parseScope, readBasis, readCatalog } from "./catalog.ts";
import { cleanUp, removeReplica } from "./cleanup.ts";
import { type ConnectionOptions, databaseError, endQuietly, openConnection } from "./connection.ts";
import { describeStatement } from "./describe.ts";
import { type SetupNames, quoteName, quoteText, setupNames } from "./names.ts";
import {
  comparePositions,
  lsnOfPosition,
  positionOfLsn,
  positionOfText,
  textOfPosition,
} from "./position.ts";
import { mayRead } from "./privileges.ts";
import { unpublishTables } from "./publication.ts";
import { listReplicas, type ReplicaMark } from "./replica-mark.ts";
import { SchemaChanges } from "./schema-changes.ts";
import { SchemaWatcher } from "./schema-watcher.ts";
import { Session, queryRows } from "./session.ts";
import { setUp } from "./setup.ts";
import { readSlot } from "./slot.ts";
import { type SnapshotSource, SnapshotCopy, copyCommands, openSnapshot } from "./snapshot.ts";
import { readTableDetails } from "./table-detail.ts";
import { type Refusal, publishTables } from "./table-publisher.ts";
import { TrackedTables } from "./tracked-tables.ts";
import { TransactionAssembler } from "./transaction-assembler.ts";
import type { TypeCatalog } from "./type-catalog.ts";
import { verifyUpstream } from "./verify.ts";
import { WalReceiver } from "./wal-receiver.ts";

export interface PostgresUpstreamOptions {
  readonly url: string;
  readonly deployment: string;
  /** Name of a server that is one of several; null or absent: the only one. */
  readonly replica?: string | null;
  /** Fencing token of that name's ownership: a slot that a later owner has claimed is refused. */
  readonly ownerToken?: number | null;
  /** Create no publication and no event triggers: the operator made them. */
  readonly disableSetup?: boolean;
  /** Overrides the URL's `sslmode`; as `node:tls` takes it. */
  readonly tls?: boolean | object;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A slot can stay active for a moment after its last user has gone. */
const SLOT_RELEASE_LIMIT_MS = 5000;
const SLOT_RETRY_MS = 100;
/** A statement is prepared in no time unless somebody rewrites a table it reads. */
const DESCRIBE_LOCK_TIMEOUT = "10s";

/** Postgres 13 and later, through logical replication (pgoutput). */
export function createPostgresUpstream(options: PostgresUpstreamOptions): Upstream {
  return new PostgresUpstream(options);
}

class PostgresUpstream implements Upstream {
  readonly #connection: ConnectionOptions;
  readonly #deployment: string;
  readonly #names: SetupNames;
  readonly #mark: ReplicaMark | null;
  readonly #disableSetup: boolean;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #admin: Session;
  readonly #poll: Session;
  /** For what may have to wait for locks on tables: nothing else must wait behind it. */
  readonly #definitions: Session;
  /** For copying and moving slots, which may decode much of the log. */
  readonly #slots: Session;
  readonly #tables = new TrackedTables();
  readonly #scopes = new Map<string, readonly string[]>();
  readonly #closing = new AbortController();
  readonly #changes: SchemaChanges;
  readonly backups: BackupSlot;
  #types: TypeCatalog | null = null;
  #handler: StreamHandler | null = null;
  #receiver: WalReceiver | null = null;
  #acknowledged = 0n;
  /** Nothing gets past a change that was made while there was no publication. */
  #undecodable: string | null = null;
  #publishing: Promise<unknown> = Promise.resolve();

  constructor(options: PostgresUpstreamOptions) {
    this.#connection = {
      url: options.url,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    };
    const { deployment, replica = null, ownerToken } = options;
    this.#deployment = deployment;
    this.#names = setupNames(deployment, replica);
    this.#mark = replica === null ? null : { deployment, replica, token: ownerToken ?? 0 };
    this.#disableSetup = options.disableSetup ?? false;
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#admin = new Session(this.#connection, "admin", "quick");
    this.#poll = new Session(this.#connection, "poll", "quick");
    this.#definitions = new Session(this.#connection, "admin", "patient");
    this.#slots = new Session(this.#connection, "admin", "patient");
    this.backups = new BackupSlot({
      connection: this.#connection,
      session: this.#slots,
      names: this.#names,
      mark: this.#mark,
      logger: this.#logger,
      currentPosition: () => this.currentPosition(),
    });
    this.#changes = new SchemaChanges({
      session: this.#poll,
      tables: this.#tables,
      names: this.#names,
      logger: this.#logger,
      scopes: () => [...this.#scopes.values()],
      handler: () => this.#handler,
    });
  }

  verify(): Promise<readonly Finding[]> {
    return verifyUpstream(this.#connection, this.#names, this.#disableSetup);
  }

  async connect(signal: AbortSignal): Promise<UpstreamIdentity> {
    const client = await openConnection(this.#connection, "admin");
    const stop = () => void endQuietly(client);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const identity = await setUp({
        client,
        connection: this.#connection,
        names: this.#names,
        mark: this.#mark,
        disableSetup: this.#disableSetup,
        undecodable: this.#undecodable,
        logger: this.#logger,
        clock: this.#clock,
      });
      this.#undecodable = null;
      // The server believes what we acknowledge, also of a log that it does not have any more.
      this.#acknowledged = 0n;
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

  async catalog(scopeIdentity: string): Promise<UpstreamCatalog> {
    this.#scopes.set(scopeIdentity, parseScope(scopeIdentity));
    return this.#admin.run((client) => readCatalog(client, this.#names, scopeIdentity));
  }

  describe(text: string, scopeIdentity: string): Promise<StatementDescription> {
    return this.#definitions.run(async (client) => {
      await client.query(`SET lock_timeout TO ${quoteText(DESCRIBE_LOCK_TIMEOUT)}`);
      return describeStatement(client, text, scopeIdentity, async (oids) => {
        const isKnown = (oid: number) => this.#types?.has(oid) === true;
        if (this.#types === null || !oids.every(isKnown)) {
          this.#types = (await readBasis(client, this.#names)).types;
        }
        return this.#types;
      });
    });
  }

  mayRead(
    role: string,
    uses: readonly { table: TableId; columns: readonly number[] }[],
  ): Promise<boolean> {
    return this.#admin.run((client) => mayRead(client, role, uses));
  }

  addTables(
    schemas: readonly TableSchema[],
    evidence: ReadonlyMap<TableId, unknown> = new Map(),
  ): Promise<readonly Refusal[]> {
    // Tables announced before a stream begins are others than those being published, for which
    // somebody may have to wait long.
    const before = this.#receiver === null ? Promise.resolve() : this.#publishing;
    const result = before.then(() =>
      publishTables({
        schemas,
        session: this.#definitions,
        tables: this.#tables,
        names: this.#names,
        clock: this.#clock,
        logger: this.#logger,
        adopting: this.#receiver === null,
        evidence,
        mayAlter: !this.#disableSetup,
        signal: this.#closing.signal,
      }),
    );
    this.#publishing = Promise.all([this.#publishing, result.catch(() => undefined)]);
    return result;
  }

  evidenceOf(table: TableId): unknown {
    return this.#tables.evidence(table);
  }

  removeTables(ids: readonly TableId[]): Promise<void> {
    const result = this.#publishing.then(async () => {
      for (const id of ids) this.#tables.remove(id);
      if (this.#disableSetup) return;
      await this.#definitions.run((client) => unpublishTables(client, this.#names, ids));
    });
    this.#publishing = result.catch(() => undefined);
    return result;
  }

  /**
   * Changes of the table are delivered from within `addTables` on; the caller sets them aside until
   * it can ask the copy which of them it includes.
   */
  async copyTable(schema: TableSchema, signal: AbortSignal): Promise<TableCopy> {
    signal.throwIfAborted();
    let source: SnapshotSource | null = null;
    try {
      source = await openSnapshot(this.#connection, schema);
      const { client } = source;
      const server = await queryRows(
        client,
        "SELECT current_setting('server_version_num') AS number",
      );
      const versionNumber = Number(server[0]?.["number"]);
      const details = await readTableDetails(client, versionNumber, [schema.id]);
      const tracked = this.#tables.get(schema.id);
      const detail = details.get(schema.id);
      const basis = await readBasis(client, this.#names);
      if (tracked === undefined || detail === undefined) {
        throw new OperationalError(
          `${schema.schema}.${schema.name} changed before it could be copied`,
        );
      }
      const current = { basis, details };
      if (
        tracked.schema.generation !== schema.generation ||
        this.#changes.differs(tracked, current) ||
        this.#changes.leavesDiffer(tracked, current)
      ) {
        throw new OperationalError(
          `${schema.schema}.${schema.name} changed before it could be copied`,
        );
      }
      const commands = await copyCommands(client, versionNumber, schema, detail);
      return new SnapshotCopy({
        connection: this.#connection,
        source,
        schema,
        commands,
        signal,
        estimatedRows: Math.round(detail.estimatedRows),
      });
    } catch (error) {
      if (source !== null) await endQuietly(source.client);
      const fields = databaseError(error);
      if (fields === null) throw error;
      throw new OperationalError(`copying failed: ${fields.message}`, { cause: error });
    }
  }

  async stream(from: string | null, handler: StreamHandler, signal: AbortSignal): Promise<void> {
    if (this.#receiver !== null) throw new OperationalError("the stream is running already");
    await this.#checkResume(from);
    const client = await openConnection(this.#connection, "replication");
    const stopping = new AbortController();
    const unpublished = new AbortController();
    const stop = AbortSignal.any([signal, this.#closing.signal, unpublished.signal]);
    let full: (() => void) | null = null;
    const assembler = new TransactionAssembler({
      tables: this.#tables,
      handler,
      judge: this.#changes,
      names: this.#names,
      from: from === null ? 0n : lsnOfPosition(from),
      full: () => (full ??= receiver.hold()),
    });
    const receiver: WalReceiver = new WalReceiver({
      client,
      consumer: assembler,
      clock: this.#clock,
      acknowledged: () => this.#acknowledged,
    });
    handler.onReady(() => {
      const release = full;
      full = null;
      release?.();
    });
    const watcher = new SchemaWatcher({
      handler,
      session: this.#poll,
      changes: this.#changes,
      tables: this.#tables,
      names: this.#names,
      clock: this.#clock,
      logger: this.#logger,
      scopes: () => [...this.#scopes.values()],
      streamed: () => assembler.position,
      onUnpublished: () => unpublished.abort(),
    });
    this.#receiver = receiver;
    this.#handler = handler;
    const watching = watcher.run(stopping.signal);
    try {
      await receiver.run(this.#startCommand(from), stop);
      if (unpublished.signal.aborted && !signal.aborted) {
        throw new OperationalError(`the publication ${this.#names.publication} was dropped`);
      }
    } catch (error) {
      // 42704, undefined object; before version 18.
      const fields = error instanceof Error ? databaseError(error.cause) : null;
      if (fields?.code === "42704" && fields.message.includes(this.#names.publication)) {
        this.#undecodable = fields.message;
      }
      throw error;
    } finally {
      this.#receiver = null;
      this.#handler = null;
      stopping.abort();
      await watching;
    }
  }

  acknowledge(position: string): void {
    const lsn = lsnOfPosition(position);
    if (lsn > this.#acknowledged) this.#acknowledged = lsn;
  }

  nudge(): void {
    this.#receiver?.sendStatus(true);
  }

  compare(left: string, right: string): number {
    return comparePositions(left, right);
  }

  /**
   * Writes a logical message: its commit follows every earlier one in the log and is flushed, so
   * the stream passes it even when nobody writes.
   */
  async currentPosition(): Promise<string> {
    const rows = await this.#admin.rows(
      "SELECT (pg_logical_emit_message(true, 'freshet', '') - '0/0')::text AS lsn",
    );
    return positionOfLsn(BigInt(must(rows[0]?.["lsn"], "a message has a position")));
  }

  async health(): Promise<ReplicationHealth> {
    const slot = await this.#admin.run((client) => readSlot(client, this.#names));
    if (slot === null) {
      const lost = `the slot ${this.#names.slot} does not exist: restart replication to copy the tables again`;
      return { active: false, retainedBytes: null, lagBytes: null, lost };
    }
    return {
      active: slot.active,
      retainedBytes: slot.retainedBytes,
      lagBytes: slot.lagBytes,
      lost:
        slot.lost === null
          ? null
          : `the slot ${this.#names.slot} is lost: ${slot.lost}; the tables must be copied again`,
    };
  }

  cleanup(): Promise<readonly string[]> {
    return this.#admin.run((client) => cleanUp(client, this.#names));
  }

  replicas(): Promise<readonly UpstreamReplica[]> {
    return this.#admin.run((client) => listReplicas(client, this.#deployment));
  }

  removeReplica(replica: string): Promise<readonly string[]> {
    const deployment = this.#deployment;
    const names = setupNames(deployment, replica);
    return this.#admin.run((client) => removeReplica(client, names, { deployment, replica }));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const sessions = [this.#admin, this.#poll, this.#definitions, this.#slots];
    await Promise.all(sessions.map((each) => each.close()));
  }

  async #cutOff(pid: string | null): Promise<void> {
    const rows = await this.#poll.rows(
      `SELECT pg_terminate_backend(active_pid)::text FROM pg_replication_slots
       WHERE slot_name = ${quoteText(this.#names.slot)} AND active_pid = ${Number(pid ?? 0)}`,
    );
    if (rows.length > 0) this.#logger.info({ pid }, "ended another connection of our own slot");
  }

  #startCommand(from: string | null): string {
    const lsn = from === null ? "0/0" : textOfPosition(from);
    const publications = quoteText(quoteName(this.#names.publication));
    return (
      `START_REPLICATION SLOT ${quoteName(this.#names.slot)} LOGICAL ${lsn} ` +
      `(proto_version '1', publication_names ${publications})`
    );
  }

  /** Asked for less than it has confirmed, the server would begin later without saying so. */
  async #checkResume(from: string | null): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    for (;;) {
      const slot = await this.#poll.run((client) => readSlot(client, this.#names));
      if (slot === null) throw new OperationalError(`the slot ${this.#names.slot} does not exist`);
      if (slot.lost !== null) {
        throw new OperationalError(`the slot ${this.#names.slot} is lost: ${slot.lost}`);
      }
      const confirmed = slot.confirmedPosition ?? positionOfText("0/0");
      if (from !== null && comparePositions(from, confirmed) < 0) {
        throw new OperationalError(
          `changes are lost: the slot stands at ${confirmed}, after the position ${from} to resume from`,
        );
      }
      if (!slot.active) return;
      // An earlier owner of our name that hangs, or what is left of our own last stream.
      if (this.#mark !== null) await this.#cutOff(slot.activePid);
      if (this.#clock.monotonicMs() - startedMs > SLOT_RELEASE_LIMIT_MS) {
        throw new OperationalError(
          `the slot ${this.#names.slot} is in use by process ${slot.activePid}: is another Freshet of this deployment running?`,
        );
      }
      await this.#clock.wait(SLOT_RETRY_MS);
    }
  }
}
