import type {
  BinlogEvent,
  EventHeader,
  QueryEvent,
  RowsEvent,
  TableMapEvent,
  XaPrepareEvent,
} from "@freshet/mysql-wire";
import type { Row, TableId } from "@freshet/types";
import { type Logger, OperationalError } from "@freshet/util";
import type { StreamChange, StreamHandler } from "../contract.ts";
import { LogLostError } from "./binlog-receiver.ts";
import { type LogPosition, compareLogPositions, fileNumber, positionText } from "./position.ts";
import { type SchemaChanges, isBefore } from "./schema-changes.ts";
import { statementKind } from "./statement-kind.ts";
import { TableBindings } from "./table-bindings.ts";
import type { TrackedTable, TrackedTables } from "./tracked-tables.ts";
import {
  KEPT_CHANGES,
  type PreparedTransactions,
  xidOfStatement,
} from "./prepared-transactions.ts";

/** Larger transactions are delivered in parts, so memory stays flat. */
const PART_CHANGES = 5000;
const FOUR_GIB = 2 ** 32;

interface OpenTransaction {
  /** Where it begins; the position of parts of it: resuming there repeats the whole. */
  readonly start: LogPosition;
  /** Within it: before a boundary if and only if all of it is. */
  readonly inside: LogPosition;
  /** One statement that commits itself follows (MariaDB). */
  readonly standalone: boolean;
  /** It has begun, so a statement in it does not end it. */
  began: boolean;
  isXa: boolean;
  /** XA: there were too many changes to keep them. */
  tooLarge: boolean;
  readonly commitTimeMs: number;
  changes: StreamChange[];
  delivered: boolean;
  /** Names of all the tables it changed, tracked or not: only needed for XA. */
  readonly touched: Set<string>;
}

/**
 * Binary log events to whole transactions. Positions move only where no transaction is open, so
 * resuming never starts inside one.
 */
export class TransactionAssembler {
  readonly #tables: TrackedTables;
  readonly #handler: StreamHandler;
  readonly #changes: SchemaChanges;
  readonly #logger: Logger;
  readonly #durable: boolean;
  readonly #full: () => void;
  readonly #activeFile: string;
  readonly #bindings: TableBindings;
  readonly #prepared: PreparedTransactions;
  #file: string;
  #offset: number;
  #created: number;
  /** The file was closed in order: the server did not go down while writing it. */
  #ended = false;
  #open: OpenTransaction | null = null;
  #reported: LogPosition;

  constructor(options: {
    readonly tables: TrackedTables;
    readonly handler: StreamHandler;
    readonly changes: SchemaChanges;
    readonly prepared: PreparedTransactions;
    readonly logger: Logger;
    /** What the server has committed survives its crash. */
    readonly durable: boolean;
    /** Where the dump begins: everything before was delivered in an earlier stream. */
    readonly from: LogPosition;
    /** The file that was being written when the dump began: it and later ones are closed in order. */
    readonly activeFile: string;
    /** The handler's queue is full. */
    readonly full: () => void;
  }) {
    this.#tables = options.tables;
    this.#handler = options.handler;
    this.#changes = options.changes;
    this.#prepared = options.prepared;
    this.#logger = options.logger;
    this.#durable = options.durable;
    this.#full = options.full;
    this.#activeFile = options.activeFile;
    this.#file = options.from.file;
    this.#offset = options.from.offset;
    this.#created = options.from.created;
    this.#reported = options.from;
    this.#bindings = new TableBindings(options.tables);
  }

  /** Throws for anything that would leave a change out. */
  event(event: BinlogEvent): void {
    switch (event.kind) {
      case "format":
        // Times of events are seconds; that of the file's first event tells files of one name apart.
        this.#created = event.header.timestamp;
        this.#bindings.clear();
        break;
      case "rotate":
        if (!event.artificial) this.#ended = true;
        return this.#rotate(event.file, event.position);
      case "heartbeat":
        return this.#heartbeat(event.file, event.position);
      case "gtid":
        this.#begin(event.header, false, false, event.immediateCommitMicros);
        break;
      case "mariadbGtid":
        this.#begin(event.header, event.standalone, !event.standalone, null);
        // MySQL says XA START, MariaDB only this.
        if (event.preparedXa) this.#open!.isXa = true;
        break;
      case "query":
        return this.#query(event);
      case "xid":
        return this.#commit(event.header);
      case "xaPrepare":
        return this.#prepare(event);
      case "tableMap":
        this.#map(event);
        break;
      case "rows":
        this.#rows(event);
        break;
      case "payload":
        throw new OperationalError("a compressed transaction was not unpacked");
      case "statementContext":
        if (event.what === "loadQuery") this.#unreadable("LOAD DATA was logged as text");
        break;
      case "rowsQuery":
      case "previousGtids":
      case "mariadbGtidList":
        break;
      case "notice":
        // We stand before the end of the file, so that whoever resumes there sees it again.
        if (event.what !== "stop") break;
        this.#ended = true;
        return;
    }
    this.#pass(event.header);
  }

  get position(): LogPosition {
    return { file: this.#file, offset: this.#offset, created: this.#created };
  }

  /** Everything up to the end of this event was sent. */
  #pass(header: EventHeader): void {
    this.#move(header);
    if (this.#open === null) this.#progress();
  }

  /** Ends of events are 32 bits in the log; files may grow beyond. 0: not told. */
  #move(header: EventHeader): void {
    if (header.endPosition === 0) return;
    const high = Math.floor(this.#offset / FOUR_GIB) * FOUR_GIB;
    let offset = high + header.endPosition;
    if (offset < this.#offset - FOUR_GIB / 2) offset += FOUR_GIB;
    if (offset > this.#offset) this.#offset = offset;
  }

  #rotate(file: string, position: number): void {
    if (file === this.#file && position <= this.#offset) return;
    if (!this.#ended && file !== this.#file) this.#crashed();
    this.#ended = false;
    if (this.#open !== null) {
      // The server went down in the middle of writing it: what is not whole was not committed.
      this.#abandon("the log ends within a transaction");
    }
    this.#file = file;
    this.#offset = position;
    this.#created = 0;
  }

  #crashed(): void {
    if (fileNumber(this.#file) >= fileNumber(this.#activeFile)) {
      // A server that goes down takes the dump with it; only RESET removes a file under it.
      throw new LogLostError("changes are lost: the binary logs were reset");
    }
    if (this.#durable) return;
    this.#logger.error(
      { file: this.#file },
      "the server went down, and may have lost transactions that are in its log: all tables are " +
        "copied again (fix: sync_binlog = 1 and innodb_flush_log_at_trx_commit = 1)",
    );
    this.#changes.changed(this.#tables.all(), "the server went down without being durable");
  }

  #heartbeat(file: string, position: number): void {
    if (this.#open !== null || file !== this.#file) return;
    if (position > this.#offset) this.#offset = position;
    this.#progress();
  }

  #begin(header: EventHeader, standalone: boolean, began: boolean, micros: number | null): void {
    if (this.#open !== null) this.#abandon("a transaction begins within another");
    const start = this.position;
    this.#move(header);
    // The server may leave out events before it, so that we stand earlier than it really begins.
    const offset = Math.max(this.#offset, start.offset + 1);
    this.#open = {
      start,
      inside: { ...start, offset },
      standalone,
      began,
      isXa: false,
      tooLarge: false,
      commitTimeMs: micros === null ? header.timestamp * 1000 : micros / 1000,
      changes: [],
      delivered: false,
      touched: new Set(),
    };
  }

  #query(event: QueryEvent): void {
    const kind = statementKind(event.text);
    if (this.#open === null) this.#begin(event.header, false, false, null);
    const open = this.#open!;
    switch (kind) {
      case "begin":
        open.began = true;
        return this.#move(event.header);
      case "commit":
        return this.#commit(event.header);
      case "rollback":
        return this.#rollback(event.header);
      case "rollback to savepoint":
        this.#changes.changed(this.#followed(open), "a part of a transaction was undone");
        return this.#move(event.header);
      case "xa start":
        open.began = true;
        open.isXa = true;
        return this.#move(event.header);
      case "xa end":
        return this.#move(event.header);
      case "xa commit":
        this.#commitPrepared(event, open);
        return this.#commit(event.header);
      case "xa rollback":
        this.#prepared.forget(xidOfStatement(event.text));
        return this.#commit(event.header);
      case "harmless":
      case "access":
      case "tables":
      case "truncate":
      case "drop schema":
      case "anything": {
        const emptied = this.#changes.judge(event, kind, open.inside);
        if (emptied.length > 0) open.changes.push({ kind: "truncate", tables: emptied });
        // MySQL's CREATE TABLE … SELECT: the rows follow, then the commit.
        if (/\bSTART TRANSACTION\s*$/i.test(event.text)) open.began = true;
        if (open.began) return this.#move(event.header);
        return this.#commit(event.header);
      }
    }
  }

  #map(event: TableMapEvent): void {
    this.#bindings.map(event);
    const open = this.#inTransaction();
    if (open.isXa) open.touched.add(`${event.schema}\0${event.table}`);
  }

  #rows(event: RowsEvent): void {
    const open = this.#inTransaction();
    const binding = this.#bindings.of(event.tableId);
    if (binding === null) return;
    const { table } = binding;
    if (isBefore(open.inside, table)) return;
    if (binding.mismatch !== null) {
      return this.#changes.changed([table], `its rows changed form: ${binding.mismatch}`);
    }
    const rows = binding.decoder.decode(event);
    if (rows.missing.length > 0) {
      return this.#changes.missingColumns(table);
    }
    const { before, after } = rows as { before: Row[] | null; after: Row[] | null };
    const id = table.schema.id;
    const count = (before ?? after ?? []).length;
    for (let index = 0; index < count; index += 1) {
      const old = before?.[index] ?? null;
      const row = after?.[index] ?? null;
      if (old !== null && row !== null) {
        open.changes.push({ kind: "update", table: id, old, oldIsFull: true, row });
      } else if (row !== null) open.changes.push({ kind: "insert", table: id, row });
      else if (old !== null) open.changes.push({ kind: "delete", table: id, old, oldIsFull: true });
    }
    if (open.isXa) {
      if (open.changes.length <= KEPT_CHANGES) return;
      open.tooLarge = true;
      open.changes = [];
    } else if (open.changes.length >= PART_CHANGES) this.#deliver(open, open.start, true);
  }

  #commit(header: EventHeader): void {
    const open = this.#open;
    this.#open = null;
    this.#move(header);
    if (open === null) return this.#progress();
    if (open.delivered || open.changes.some((change) => this.#isCurrent(change))) {
      this.#reported = this.position;
      this.#deliver(open, this.position, false);
    } else this.#progress();
  }

  #rollback(header: EventHeader): void {
    const open = this.#open;
    if (open !== null) this.#discard(open, "a large transaction was rolled back");
    this.#commit(header);
  }

  /** Nothing of it is applied; what was delivered in part makes its tables be copied again. */
  #discard(open: OpenTransaction, reason: string): void {
    if (open.delivered) this.#changes.changed(this.#followed(open), reason);
    open.changes = [];
  }

  #abandon(reason: string): void {
    const open = this.#open!;
    this.#open = null;
    if (open.delivered) throw new OperationalError(`the change stream broke: ${reason}`);
    this.#logger.warn({ reason }, "an unfinished transaction is left out");
  }

  #prepare(event: XaPrepareEvent): void {
    const open = this.#inTransaction();
    if (!event.onePhase) {
      this.#prepared.keep(event.xid, open.tooLarge ? null : open.changes, open.touched);
      open.changes = [];
    } else if (open.tooLarge) {
      this.#changes.changed(this.#followed(open), "an XA transaction was too large to keep");
    }
    this.#commit(event.header);
  }

  #commitPrepared(event: QueryEvent, open: OpenTransaction): void {
    const xid = xidOfStatement(event.text);
    const prepared = this.#prepared.take(xid);
    const tables = this.#followed(open);
    if (prepared === null) {
      return this.#changes.changed(tables, `the changes of XA transaction ${xid} are not known`);
    }
    const known = new Set<TableId>();
    for (const change of prepared.changes) {
      if (change.kind !== "truncate") known.add(change.table);
      open.changes.push(change);
    }
    // Tables that were added in between, whose changes were not kept, or not in this form.
    const unknown = tables.filter(
      (table) =>
        prepared.touched.has(`${table.schema.schema}\0${table.schema.name}`) &&
        prepared.tracked.get(table.schema.id) !== table,
    );
    this.#changes.changed(unknown, `XA transaction ${xid} changed it before it was added`);
  }

  #unreadable(reason: string): void {
    this.#changes.changed(this.#tables.all(), reason);
  }

  /** The tables whose changes in this transaction matter. */
  #followed(open: OpenTransaction): readonly TrackedTable[] {
    return this.#tables.all().filter((table) => !isBefore(open.inside, table));
  }

  #deliver(open: OpenTransaction, position: LogPosition, partial: boolean): void {
    const changes = open.changes.filter((change) => this.#isCurrent(change));
    open.changes = [];
    open.delivered = true;
    const accepted = this.#handler.transaction({
      position: positionText(position),
      xid: 0,
      commitTimeMs: open.commitTimeMs,
      changes,
      partial,
    });
    if (!accepted) this.#full();
  }

  /** False for tables that were found changed after the change was read. */
  #isCurrent(change: StreamChange): boolean {
    if (change.kind === "truncate") return true;
    return this.#tables.get(change.table) !== undefined;
  }

  /** Also when nothing moved: an idle database must differ from a connection that is dead. */
  #progress(): void {
    if (compareLogPositions(this.position, this.#reported) >= 0) this.#reported = this.position;
    this.#handler.progress(positionText(this.#reported));
  }

  #inTransaction(): OpenTransaction {
    if (this.#open === null) {
      throw new OperationalError("the log has a change outside a transaction");
    }
    return this.#open;
  }
}
