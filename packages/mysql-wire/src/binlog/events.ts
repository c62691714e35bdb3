/**
 * Binary log events of MySQL 8.0 to 9.7 and MariaDB 10.6 and later (MySQL internals, "Replication
 * Event"; MariaDB knowledge base, "Replication Protocol"). Positions are byte offsets in the
 * file; times are seconds since 1970, UTC.
 */

/** The 19 bytes in front of every event. */
export interface EventHeader {
  /** When the statement began, seconds since 1970; 0 on artificial events. */
  readonly timestamp: number;
  /** One of `EVENT_TYPE`. */
  readonly type: number;
  readonly serverId: number;
  /** Bytes of the whole event: header, body and checksum. */
  readonly size: number;
  /** Where the next event starts in the file; 0 for artificial events and inside payloads. */
  readonly endPosition: number;
  readonly flags: number;
}

export const EVENT_FLAG = {
  /** The file is still being written (FORMAT_DESCRIPTION only). */
  inUse: 0x1,
  /** The statement uses the session's temporary tables. */
  threadSpecific: 0x4,
  suppressUse: 0x8,
  /** Made up by the server that sends the log; not in any file. */
  artificial: 0x20,
  relayLog: 0x40,
  /** May be skipped by who does not know the type. */
  ignorable: 0x80,
  /** MariaDB: may be skipped in replication. */
  skipReplication: 0x8000,
} as const;

export const EVENT_TYPE = {
  query: 2,
  stop: 3,
  rotate: 4,
  intVar: 5,
  rand: 13,
  userVar: 14,
  formatDescription: 15,
  xid: 16,
  beginLoadQuery: 17,
  executeLoadQuery: 18,
  tableMap: 19,
  writeRowsV1: 23,
  updateRowsV1: 24,
  deleteRowsV1: 25,
  incident: 26,
  heartbeat: 27,
  ignorable: 28,
  rowsQuery: 29,
  writeRows: 30,
  updateRows: 31,
  deleteRows: 32,
  gtid: 33,
  anonymousGtid: 34,
  previousGtids: 35,
  transactionContext: 36,
  viewChange: 37,
  xaPrepare: 38,
  partialUpdateRows: 39,
  transactionPayload: 40,
  heartbeat2: 41,
  taggedGtid: 42,
  mariadbAnnotateRows: 160,
  mariadbBinlogCheckpoint: 161,
  mariadbGtid: 162,
  mariadbGtidList: 163,
  mariadbStartEncryption: 164,
  mariadbQueryCompressed: 165,
  mariadbWriteRowsCompressedV1: 166,
  mariadbUpdateRowsCompressedV1: 167,
  mariadbDeleteRowsCompressedV1: 168,
  mariadbWriteRowsCompressed: 169,
  mariadbUpdateRowsCompressed: 170,
  mariadbDeleteRowsCompressed: 171,
} as const;

export type ChecksumAlgorithm = "none" | "crc32";

/** FORMAT_DESCRIPTION: opens every file and every dump. */
export interface FormatEvent {
  readonly kind: "format";
  readonly header: EventHeader;
  readonly serverVersion: string;
  /** Told from the event types that it knows: the version's text can be set. */
  readonly mariadb: boolean;
  /** When the server made the file; 0 unless it was started then. */
  readonly created: number;
  /** Of the events that follow. */
  readonly checksum: ChecksumAlgorithm;
  /** Length of the fixed part of the event type `index + 1`. */
  readonly postHeaderLengths: Uint8Array;
}

export interface RotateEvent {
  readonly kind: "rotate";
  readonly header: EventHeader;
  readonly file: string;
  /** Of the first event to be read from `file`. */
  readonly position: number;
  /** Not in the file: the server names the file that it is about to send. */
  readonly artificial: boolean;
}

/** GTID, ANONYMOUS_GTID (`gtid: null`) or GTID_TAGGED_LOG: opens a transaction. */
export interface GtidEvent {
  readonly kind: "gtid";
  readonly header: EventHeader;
  /** `uuid:number` or `uuid:tag:number`. */
  readonly gtid: string | null;
  readonly lastCommitted: number;
  readonly sequenceNumber: number;
  /** Microseconds since 1970 at the server where it was first committed; null when not told. */
  readonly originalCommitMicros: number | null;
  readonly immediateCommitMicros: number | null;
  /** Bytes of the whole transaction in the log; null when not told. */
  readonly transactionLength: number | null;
}

export interface PreviousGtidsEvent {
  readonly kind: "previousGtids";
  readonly header: EventHeader;
  /** A set in MySQL's text form: `uuid:1-5:7,uuid:tag:1-3`. */
  readonly gtids: string;
}

export interface MariadbGtid {
  readonly domain: number;
  readonly server: number;
  readonly sequence: bigint;
}

/** Opens a transaction or a standalone statement (then no commit follows). */
export interface MariadbGtidEvent {
  readonly kind: "mariadbGtid";
  readonly header: EventHeader;
  /** `domain-server-sequence`. */
  readonly gtid: string;
  readonly parts: MariadbGtid;
  /** One event follows (DDL), and it commits itself. */
  readonly standalone: boolean;
  readonly transactional: boolean;
  readonly ddl: boolean;
  /** The group is the first half of an XA transaction: XA_PREPARE ends it. */
  readonly preparedXa: boolean;
  /** The group is one XA COMMIT or XA ROLLBACK. */
  readonly completedXa: boolean;
}

export interface MariadbGtidListEvent {
  readonly kind: "mariadbGtidList";
  readonly header: EventHeader;
  readonly gtids: readonly MariadbGtid[];
}

/** A statement: DDL, BEGIN, COMMIT, or a change logged as text. */
export interface QueryEvent {
  readonly kind: "query";
  readonly header: EventHeader;
  readonly threadId: number;
  /** Not 0: the statement failed with this error after it had changed something. */
  readonly errorCode: number;
  /** Default schema; "" when none. */
  readonly schema: string;
  /** In the session's character_set_client. */
  readonly bytes: Buffer;
  /** `bytes` as UTF-8. */
  readonly text: string;
}

/** Commit of a transaction of a transactional engine. */
export interface XidEvent {
  readonly kind: "xid";
  readonly header: EventHeader;
  readonly xid: bigint;
}

/** XA PREPARE (or COMMIT ONE PHASE): ends the events of that transaction. */
export interface XaPrepareEvent {
  readonly kind: "xaPrepare";
  readonly header: EventHeader;
  readonly onePhase: boolean;
  readonly formatId: number;
  /** In the form the server prints in XA COMMIT: `X'…',X'…',1`. */
  readonly xid: string;
}

/** One column of a table map. */
export interface MapColumn {
  /** The stored type, `TYPE.*`: `enum` and `set` are told from `string`. */
  readonly type: number;
  /**
   * By type: maximum bytes (varchar, string), bytes of the length prefix (blob, json, geometry,
   * vector), fsp (time types), bits (bit), `precision << 8 | scale` (newdecimal), bytes of a
   * value (enum, set, float, double); else 0.
   */
  readonly meta: number;
  readonly nullable: boolean;
  /** The rest is null where the server does not tell (binlog_row_metadata). */
  readonly unsigned: boolean | null;
  /** Collation number of text; 63 is binary. */
  readonly collation: number | null;
  readonly name: string | null;
  /** Members of an enum or set. */
  readonly members: readonly string[] | null;
  readonly geometryType: number | null;
  readonly visible: boolean | null;
  /** Number of dimensions of a vector. */
  readonly dimensions: number | null;
}

export interface TableMapEvent {
  readonly kind: "tableMap";
  readonly header: EventHeader;
  /** Names the table in the rows events that follow; changes with every new definition. */
  readonly tableId: number;
  readonly flags: number;
  readonly schema: string;
  readonly table: string;
  /** Logged by MariaDB. */
  readonly mariadb: boolean;
  readonly columns: readonly MapColumn[];
  /** Positions of the primary key's columns; null when not told or there is none. */
  readonly primaryKey: readonly number[] | null;
  /** The bytes that define the table (without header and table id): equal = same definition. */
  readonly definition: Buffer;
}

/** WRITE, UPDATE or DELETE rows, any version; `compileRowDecoder` reads the rows. */
export interface RowsEvent {
  readonly kind: "rows";
  readonly header: EventHeader;
  readonly action: "insert" | "update" | "delete";
  readonly tableId: number;
  /** Last rows event of its statement: table maps may be forgotten. */
  readonly statementEnd: boolean;
  readonly columnCount: number;
  /** Bitmap of the columns in the first image (the only one, or the old row of an update). */
  readonly present: Buffer;
  /** Of an update's new rows; null otherwise. */
  readonly presentAfter: Buffer | null;
  /** The row images. */
  readonly body: Buffer;
}

/** A whole transaction, compressed; `BinlogDecoder.inner` gives its events. */
export interface TransactionPayloadEvent {
  readonly kind: "payload";
  readonly header: EventHeader;
  readonly compression: "none" | "zstd";
  readonly uncompressedBytes: number;
  readonly payload: Buffer;
}

export interface HeartbeatEvent {
  readonly kind: "heartbeat";
  readonly header: EventHeader;
  readonly file: string;
  /** Everything before it was sent. */
  readonly position: number;
}

/** ROWS_QUERY or ANNOTATE_ROWS: the statement behind the rows that follow. */
export interface RowsQueryEvent {
  readonly kind: "rowsQuery";
  readonly header: EventHeader;
  readonly bytes: Buffer;
}

/** Context of a statement that is logged as text: intVar, rand, userVar and load data blocks. */
export interface StatementContextEvent {
  readonly kind: "statementContext";
  readonly header: EventHeader;
  readonly what: "intVar" | "rand" | "userVar" | "loadBlock" | "loadQuery";
}

/** Changes nothing in the tables: stop, checkpoints, group replication, and ignorable events. */
export interface NoticeEvent {
  readonly kind: "notice";
  readonly header: EventHeader;
  readonly what: "stop" | "binlogCheckpoint" | "startEncryption" | "groupReplication" | "ignorable";
}

export type BinlogEvent =
  | FormatEvent
  | RotateEvent
  | GtidEvent
  | PreviousGtidsEvent
  | MariadbGtidEvent
  | MariadbGtidListEvent
  | QueryEvent
  | XidEvent
  | XaPrepareEvent
  | TableMapEvent
  | RowsEvent
  | TransactionPayloadEvent
  | HeartbeatEvent
  | RowsQueryEvent
  | StatementContextEvent
  | NoticeEvent;
