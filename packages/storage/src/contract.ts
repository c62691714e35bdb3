import type { IndexSpec, Row, Snapshot, TableId, TableSchema } from "@freshet/types";

/**
 * The local copy of the upstream's tables. One environment, one writer. Every `write` is one
 * LMDB transaction and may carry the position; readers see it whole or not at all. Nothing is
 * durable before `checkpoint` resolves.
 */
export interface Store {
  /** The position of the last committed `write` that set one; null in a new store. */
  position(): string | null;
  /** The position of the last finished checkpoint: what may be acknowledged upstream. */
  durablePosition(): string | null;
  /** The last process to own the directory closed it cleanly. */
  readonly cleanShutdown: boolean;

  tables(): readonly StoredTable[];
  /** Registers an empty table (state "copying"). Replaces what was there under the same id. */
  createTable(schema: TableSchema): void;
  dropTable(table: TableId): void;
  setTableState(table: TableId, state: TableState): void;

  /** Builds the index from the rows present if it does not exist; kept current from then on. */
  ensureIndex(index: IndexSpec): void;
  /**
   * The same in parts, between which others may read and write: the index is kept current from the
   * call on and can be read in snapshots taken when the promise has resolved. Rejects when the
   * table is dropped or the signal aborts.
   */
  buildIndex(index: IndexSpec, signal?: AbortSignal): Promise<void>;
  dropIndex(index: IndexSpec): void;

  write<T>(work: (batch: WriteBatch) => T): T;
  snapshot(): Snapshot;

  /** Small JSON documents: cache definitions, copy progress, upstream identity. */
  readDocument(name: string): unknown;
  listDocuments(prefix: string): readonly { readonly name: string; readonly document: unknown }[];

  /** Makes everything committed so far durable; resolves with the position that is. */
  checkpoint(): Promise<string | null>;
  /**
   * Copies the data file, as one transaction left it, to a path where nothing is; others read and
   * write meanwhile. Pages that they replace are not used again before the copy is done.
   */
  backup(path: string): Promise<void>;
  /** Bytes on disk and the age of the oldest reader, for operators. */
  statistics(): { readonly fileBytes: number; readonly oldestReaderMs: number };
  close(): Promise<void>;
}

export interface StoredTable {
  readonly schema: TableSchema;
  readonly state: TableState;
  readonly rows: number;
}

/**
 * `copying`: rows arrive from the first copy, not readable. `ready`: a true copy at the store's
 * position. `document` is the copier's own progress, opaque here.
 */
export type TableState =
  | { readonly kind: "copying"; readonly document: unknown }
  | { readonly kind: "ready"; readonly document: unknown };

export interface WriteBatch {
  /** Inserts or replaces by key (bag: adds one). Returns the row that was replaced. */
  upsert(table: TableId, row: Row): Row | null;
  /** Reads by key inside this transaction. Key tables only. */
  get(table: TableId, key: Row): Row | null;
  /**
   * Removes the row with this key (bag: one row equal to `row`, full width). Returns it, or
   * null when there was none: for a key or bag that the stream says existed, that is divergence.
   */
  delete(table: TableId, keyOrRow: Row): Row | null;
  truncate(table: TableId): void;
  setPosition(position: string): void;
  putDocument(name: string, document: unknown): void;
  deleteDocument(name: string): void;
  setTableState(table: TableId, state: TableState): void;
}
