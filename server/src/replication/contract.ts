import type { Row, TableId, TableSchema, SqlType } from "@freshet/types";
import type { ColumnDefinition } from "@freshet/rpc";

/**
 * What the engine needs of a dialect's database. One folder per dialect implements it; the
 * engine and the controller know only this file. Positions are opaque strings: `compare` orders
 * them. Implementations report every failure; they never skip a change in silence.
 */
export interface Upstream {
  /** Preflight: everything that would stop replication later, in plain words; empty = fine. */
  verify(): Promise<readonly Finding[]>;
  /** Creates or finds what is needed upstream (slot, publication), then connects. */
  connect(signal: AbortSignal): Promise<UpstreamIdentity>;

  /** Resolves names as a session with this scope does. */
  catalog(scopeIdentity: string): Promise<UpstreamCatalog>;
  /** Asks the upstream to prepare the text, without running it. Throws UpstreamError. */
  describe(text: string, scopeIdentity: string): Promise<StatementDescription>;
  /** May `role` read all these columns (and is no row policy in the way), now? */
  mayRead(
    role: string,
    uses: readonly { table: TableId; columns: readonly number[] }[],
  ): Promise<boolean>;

  /**
   * Makes the tables' changes part of the stream. Refusals name the table and the fix. Those with
   * `evidence` were copied earlier and no stream is running: they are refused unless what
   * `evidenceOf` said of them then shows that no change has been missed since.
   */
  addTables(
    tables: readonly TableSchema[],
    evidence?: ReadonlyMap<TableId, unknown>,
  ): Promise<readonly { table: TableId; refused: string }[]>;
  /** Of a table that was added: JSON to keep with the copy that is made next. */
  evidenceOf(table: TableId): unknown;
  removeTables(tables: readonly TableId[]): Promise<void>;

  /** Begins a first copy; see `TableCopy`. */
  copyTable(table: TableSchema, signal: AbortSignal): Promise<TableCopy>;

  /** Streams whole transactions after `from` (null: from where the slot stands). */
  stream(from: string | null, handler: StreamHandler, signal: AbortSignal): Promise<void>;
  /** Everything up to here is durable on our side; sent upstream at the next feedback. */
  acknowledge(position: string): void;
  /** Asks the stream to say soon how far it has come (for read-your-writes on idle streams). */
  nudge(): void;
  compare(left: string, right: string): number;

  /**
   * A position at or after the end of every transaction committed before the call, which the
   * stream is certain to reach soon even if nothing else happens.
   */
  currentPosition(): Promise<string>;

  health(): Promise<ReplicationHealth>;
  /** Keeps the log for copies of the storage. */
  readonly backups: BackupLog;
  /** Removes slot, publication and triggers of this deployment. */
  cleanup(): Promise<readonly string[]>;
  /** Servers of this deployment that have something upstream which outlives them. */
  replicas(): Promise<readonly UpstreamReplica[]>;
  /**
   * Removes what another server of this deployment left upstream; one sentence for each thing.
   * Throws an OperationalError while that server is connected.
   */
  removeReplica(replica: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface UpstreamReplica {
  readonly replica: string;
  /** It is connected now. */
  readonly active: boolean;
  /** Bytes of log kept for it; null where unknown. */
  readonly retainedBytes: number | null;
}

export interface Finding {
  readonly ok: boolean;
  readonly check: string;
  /** One sentence; for a failure it names the fix. */
  readonly message: string;
}

/** If any of it differs from what the store remembers, the copy is worthless and is redone. */
export interface UpstreamIdentity {
  readonly systemId: string;
  readonly database: string;
  readonly timeline: string;
  /** The slot's name and, where known, something that changes when it is recreated. */
  readonly slot: string;
  readonly serverVersion: string;
  /** Where the slot stands; a store position before it means changes were lost. */
  readonly resumePosition: string | null;
  /**
   * Where the log ends now: a store position after it is of a past that was undone (a snapshot of
   * the server was put back). Null where `stream` finds that out.
   */
  readonly logEnd: string | null;
  /** The slot was created by this call: nothing streamed before can be resumed. */
  readonly fresh: boolean;
}

export interface UpstreamCatalog {
  table(schema: string | null, name: string): TableSchema | { readonly refused: string };
  type(path: readonly string[], modifiers: readonly number[]): SqlType | null;
  /** Why a built-in may not be what is chosen here: the user's own overloads it. Null: it is. */
  overload(kind: "function" | "operator" | "cast", name: string): string | null;
}

export interface StatementDescription {
  readonly columns: readonly ColumnDefinition[];
  readonly parameterTypeIds: readonly number[];
}

/** The upstream's own error, passed on to the client unchanged. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  /** SQLSTATE. */
  readonly code: string;
  /** The upstream's own error number, where it has one (MySQL). */
  readonly number: number | undefined;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  constructor(code: string, message: string, detail?: string, hint?: string, number?: number) {
    super(message);
    this.code = code;
    this.number = number;
    this.detail = detail;
    this.hint = hint;
  }
}

/**
 * A consistent read of one table. `includes(transaction)` tells whether a streamed transaction
 * is already in the copied rows (then its changes to this table are skipped). Valid from the
 * moment `copyTable` resolves; rows may still be arriving.
 */
export interface TableCopy {
  readonly estimatedRows: number;
  includes(transaction: TransactionMark): boolean;
  /** Yields batches of full rows until done; parallel chunks inside. */
  rows(): AsyncIterable<readonly Row[]>;
  close(): Promise<void>;
}

export interface TransactionMark {
  /** Position of the commit's end: resuming after it replays nothing of it. */
  readonly position: string;
  /** The upstream's transaction number (Postgres xid, 32 bits; MySQL 0: positions suffice). */
  readonly xid: number;
}

/** Marks a value the stream did not send because it did not change (Postgres: unchanged TOAST). */
export const UNCHANGED: unique symbol = Symbol("unchanged");
export type StreamRow = readonly (Row[number] | typeof UNCHANGED)[];

export type StreamChange =
  | { readonly kind: "insert"; readonly table: TableId; readonly row: Row }
  /** `old` has the key columns (others null) or, where the identity is full, everything. */
  | {
      readonly kind: "update";
      readonly table: TableId;
      readonly old: Row | null;
      readonly oldIsFull: boolean;
      readonly row: StreamRow;
    }
  | {
      readonly kind: "delete";
      readonly table: TableId;
      readonly old: Row;
      readonly oldIsFull: boolean;
    }
  | { readonly kind: "truncate"; readonly tables: readonly TableId[] };

export interface StreamTransaction extends TransactionMark {
  readonly commitTimeMs: number;
  readonly changes: readonly StreamChange[];
  /** More parts of the same transaction follow; only the last part makes it visible. */
  readonly partial: boolean;
}

export interface StreamHandler {
  /**
   * Called in commit order. Returns false when the queue is full: the stream pauses its socket
   * until `ready` is called.
   */
  transaction(transaction: StreamTransaction): boolean;
  /** Nothing relevant is pending before this position. */
  progress(position: string): void;
  /** These tables' definitions changed (or may have) at this point of the stream. */
  schemaChange(tables: readonly TableId[] | "all"): void;
  accessChange(): void;
  onReady(callback: () => void): void;
}

/** What a copy of the storage needs of the upstream, so that it can be continued one day. */
export interface BackupLog {
  /**
   * Before a copy is taken: from now on the log is kept, and the evidence holds from before
   * `position` on. The copy must stand at or after it, and at or after `reach`.
   */
  hold(signal: AbortSignal): Promise<HeldLog>;
  /** The newest whole copy stands here: what only older ones needed may go. */
  release(position: string): Promise<void>;
  state(): Promise<BackupLogState>;
  /** Copies are not made any more. One sentence when something was kept for them. */
  drop(): Promise<string | null>;
  /**
   * Before `connect`, with the tables of a restored copy: lets the stream begin after the copy's
   * position, or tells why it cannot. Tables that are `stale` may have missed changes.
   */
  resume(copy: RestoredCopy, signal: AbortSignal): Promise<ResumedCopy>;
}

export interface BackupLogState {
  /** Why the newest whole copy cannot be continued any more; null where nothing is known of that. */
  readonly lost: string | null;
  /** Bytes of log kept for copies; null where the upstream keeps it by its own rules. */
  readonly retainedBytes: number | null;
}

export interface HeldLog {
  readonly position: string;
  /** The log is kept from here on; null where the upstream keeps it by its own rules. */
  readonly reach: string | null;
  /** JSON for `RestoredCopy.evidence`. */
  readonly evidence: unknown;
}

export interface RestoredCopy {
  readonly owner: Pick<UpstreamIdentity, "systemId" | "database" | "timeline" | "slot">;
  readonly position: string;
  readonly evidence: unknown;
  readonly tables: readonly TableSchema[];
}

export type ResumedCopy =
  | { readonly refused: string }
  | { readonly stale: readonly { readonly table: TableId; readonly reason: string }[] };

export interface ReplicationHealth {
  readonly active: boolean;
  /** Bytes of log the upstream keeps for us; null where unknown. */
  readonly retainedBytes: number | null;
  readonly lagBytes: number | null;
  /** Null while all is well; otherwise what is lost and what to do. */
  readonly lost: string | null;
}
