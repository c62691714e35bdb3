import type { TableId } from "@freshet/types";
import { POSTGRES_EPOCH_MS, type PgOutputMessage, type RelationMessage } from "@freshet/pg-wire";
import { OperationalError } from "@freshet/util";
import type { StreamChange, StreamHandler } from "../contract.ts";
import { type DdlEvent, parseDdlEvent } from "./ddl-event.ts";
import type { SetupNames } from "./names.ts";
import { positionOfLsn } from "./position.ts";
import { RelationBinding } from "./relation-binding.ts";
import type { TrackedTable, TrackedTables } from "./tracked-tables.ts";
import type { WalConsumer } from "./wal-receiver.ts";

/** Larger transactions are delivered in parts, so memory stays flat. */
const PART_CHANGES = 5000;

interface OpenTransaction {
  readonly xid: number;
  readonly commitLsn: bigint;
  readonly commitTimeMs: number;
  changes: StreamChange[];
  readonly ddl: DdlEvent[];
  delivered: boolean;
}

/** What the assembler needs decided by looking at the catalogue; the stream waits meanwhile. */
export interface CatalogueJudge {
  /** Calls the handler for every tracked table that these events changed, and removes it. */
  judge(events: readonly DdlEvent[], commitLsn: bigint): Promise<void>;
  /** A relation we do not know sent a change: is it a partition of a tracked table? */
  judgeUnknownRelation(oid: number): Promise<void>;
  /** These are known to differ: removes them and tells the handler. */
  changed(tables: readonly TableId[]): void;
}

/**
 * pgoutput messages to whole transactions. A partial part's position is the start of its commit
 * record: resuming there repeats the whole transaction, resuming at the last part's does not.
 */
export class TransactionAssembler implements WalConsumer {
  readonly #tables: TrackedTables;
  readonly #handler: StreamHandler;
  readonly #judge: CatalogueJudge;
  readonly #names: SetupNames;
  readonly #full: () => void;
  readonly #relations = new Map<number, RelationMessage>();
  /** False: judged, and nothing of ours. */
  readonly #bindings = new Map<number, RelationBinding | false>();
  #bindingsVersion = -1;
  readonly #strangers = new Set<number>();
  #position: bigint;
  readonly #from: bigint;
  #open: OpenTransaction | null = null;
  #skipping = false;

  constructor(options: {
    readonly tables: TrackedTables;
    readonly handler: StreamHandler;
    readonly judge: CatalogueJudge;
    readonly names: SetupNames;
    /** Transactions that end at or before this were delivered in an earlier stream. */
    readonly from: bigint;
    /** The handler's queue is full. */
    readonly full: () => void;
  }) {
    this.#tables = options.tables;
    this.#handler = options.handler;
    this.#judge = options.judge;
    this.#names = options.names;
    this.#from = options.from;
    this.#position = options.from;
    this.#full = options.full;
  }

  /** Everything before this has been delivered. */
  get position(): bigint {
    return this.#position;
  }

  keepalive(walEnd: bigint): void {
    if (this.#open === null && !this.#skipping) this.#progress(walEnd);
  }

  message(message: PgOutputMessage): Promise<void> | undefined {
    switch (message.kind) {
      case "begin":
        // A commit record that starts before `from` also ended there: commits do not overlap.
        this.#skipping = message.commitLsn < this.#from;
        if (!this.#skipping) {
          this.#open = {
            xid: message.xid,
            commitLsn: message.commitLsn,
            commitTimeMs: Number(message.commitTimeMicros / 1000n) + POSTGRES_EPOCH_MS,
            changes: [],
            ddl: [],
            delivered: false,
          };
        }
        return undefined;
      case "commit":
        return this.#commit(message.endLsn);
      case "relation":
        this.#relations.set(message.id, message);
        this.#bindings.delete(message.id);
        return undefined;
      case "insert":
      case "update":
      case "delete":
        return this.#skipping ? undefined : this.#change(message);
      case "truncate":
        if (!this.#skipping) this.#truncate(message.relations);
        return undefined;
      case "origin":
      case "type":
      case "message":
        return undefined;
    }
  }

  #change(
    message: Extract<PgOutputMessage, { kind: "insert" | "update" | "delete" }>,
  ): Promise<void> | undefined {
    const open = this.#inTransaction();
    const binding = this.#binding(message.relation, open);
    if (binding === null) {
      // Ask once, then look again; a relation still unknown after that is not ours.
      return this.#judge.judgeUnknownRelation(message.relation).then(() => {
        this.#refreshBindings();
        if (this.#tables.byRelation(message.relation) === undefined) {
          this.#bindings.set(message.relation, false);
        } else void this.#change(message);
      });
    }
    if (binding === false) {
      const relation = this.#relations.get(message.relation);
      if (message.kind === "insert" && relation !== undefined && this.#isEventTable(relation)) {
        open.ddl.push(parseDdlEvent(relation, message.row));
      }
      return undefined;
    }
    const table = binding.table.schema.id;
    switch (message.kind) {
      case "insert":
        open.changes.push({ kind: "insert", table, row: binding.row(message.row) });
        break;
      case "update": {
        const full = message.oldKind === "full";
        open.changes.push({
          kind: "update",
          table,
          old: message.old === null ? null : binding.oldRow(message.old, full),
          oldIsFull: full,
          row: binding.newRow(message.row, full ? message.old : null),
        });
        break;
      }
      case "delete": {
        const full = message.oldKind === "full";
        open.changes.push({
          kind: "delete",
          table,
          old: binding.oldRow(message.old, full),
          oldIsFull: full,
        });
        break;
      }
    }
    if (open.changes.length >= PART_CHANGES) this.#deliver(open, open.commitLsn, true);
    return undefined;
  }

  #truncate(relations: readonly number[]): void {
    const open = this.#inTransaction();
    const whole: TableId[] = [];
    const byTable = new Map<TrackedTable, Set<number>>();
    for (const relation of relations) {
      const table = this.#tables.byRelation(relation);
      if (table === undefined) continue;
      const seen = byTable.get(table) ?? new Set();
      byTable.set(table, seen.add(relation));
    }
    const parts: TableId[] = [];
    for (const [table, seen] of byTable) {
      const isWhole =
        seen.has(table.schema.id) || [...table.leaves].every((leaf) => seen.has(leaf));
      if (isWhole) whole.push(table.schema.id);
      else parts.push(table.schema.id);
    }
    if (whole.length > 0) open.changes.push({ kind: "truncate", tables: whole });
    // Which rows were in the truncated partition is not known here: copy the table again.
    if (parts.length > 0) this.#judge.changed(parts);
  }

  #commit(endLsn: bigint): Promise<void> | undefined {
    const open = this.#open;
    if (this.#skipping || open === null) {
      this.#skipping = false;
      return undefined;
    }
    if (open.ddl.length === 0) {
      this.#finish(open, endLsn);
      return undefined;
    }
    return this.#judge.judge(open.ddl, open.commitLsn).then(() => this.#finish(open, endLsn));
  }

  #finish(open: OpenTransaction, endLsn: bigint): void {
    this.#open = null;
    if (open.delivered || open.changes.some((change) => this.#isCurrent(change))) {
      this.#position = endLsn;
      this.#deliver(open, endLsn, false);
    } else this.#progress(endLsn);
  }

  #deliver(open: OpenTransaction, positionLsn: bigint, partial: boolean): void {
    const changes = open.changes.filter((change) => this.#isCurrent(change));
    open.changes = [];
    open.delivered = true;
    const accepted = this.#handler.transaction({
      position: positionOfLsn(positionLsn),
      xid: open.xid,
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
  #progress(lsn: bigint): void {
    if (lsn > this.#position) this.#position = lsn;
    this.#handler.progress(positionOfLsn(this.#position));
  }

  /** Null: unknown, ask the judge. False: not ours. */
  #binding(relationId: number, open: OpenTransaction): RelationBinding | false | null {
    this.#refreshBindings();
    const cached = this.#bindings.get(relationId);
    if (cached !== undefined) return cached;
    const relation = this.#relations.get(relationId);
    if (relation === undefined) {
      throw new OperationalError("the stream sent a change of a relation it did not describe");
    }
    const table = this.#tables.byRelation(relationId);
    if (table === undefined) {
      if (this.#tables.anyPartitioned && !this.#isEventTable(relation)) return null;
      this.#bindings.set(relationId, false);
      this.#warnOfStranger(relation);
      return false;
    }
    const binding = RelationBinding.of(relation, table);
    if (binding !== null) {
      this.#bindings.set(relationId, binding);
      return binding;
    }
    // Before the table was added it may have had another layout: those rows are in the copy that
    // follows, because the change of layout waited for the writers before it.
    if (table.adopted || open.commitLsn >= table.sinceLsn) this.#judge.changed([table.schema.id]);
    return false;
  }

  /**
   * A published table that nobody added. Should the engine hold a copy of it from an earlier
   * process, that copy has just become wrong, so it must hear of it.
   */
  #warnOfStranger(relation: RelationMessage): void {
    if (this.#isEventTable(relation) || this.#tables.wasAdded(relation.id)) return;
    if (this.#strangers.has(relation.id)) return;
    this.#strangers.add(relation.id);
    this.#handler.schemaChange([relation.id]);
  }

  #refreshBindings(): void {
    if (this.#bindingsVersion === this.#tables.version) return;
    this.#bindings.clear();
    this.#bindingsVersion = this.#tables.version;
  }

  #isEventTable(relation: RelationMessage): boolean {
    return relation.schema === this.#names.schema && relation.name === this.#names.eventTable;
  }

  #inTransaction(): OpenTransaction {
    if (this.#open === null)
      throw new OperationalError("the stream sent a change outside a transaction");
    return this.#open;
  }
}
