import type { TableId } from "@freshet/types";
import type { Logger } from "@freshet/util";
import type { StreamHandler } from "../contract.ts";
import { type CatalogBasis, defineTable, readBasis } from "./catalog.ts";
import type { DdlEvent, DdlObject } from "./ddl-event.ts";
import type { SetupNames } from "./names.ts";
import type { Session } from "./session.ts";
import { type TableDetail, readTableDetails } from "./table-detail.ts";
import type { TrackedTable, TrackedTables } from "./tracked-tables.ts";
import type { CatalogueJudge } from "./transaction-assembler.ts";

const ACCESS_TAGS =
  /^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES|REASSIGN OWNED|DROP OWNED)|SCHEMA$|POLICY$/;

interface CurrentState {
  readonly basis: CatalogBasis;
  readonly details: ReadonlyMap<number, TableDetail>;
}

/**
 * Decides from the catalogue which tracked tables are no longer what they were when they were
 * added. A change is final: the table is removed and the handler told, once. The catalogue is
 * always at or ahead of the stream, so a change may be announced early but never late.
 */
export class SchemaChanges implements CatalogueJudge {
  readonly #session: Session;
  readonly #tables: TrackedTables;
  readonly #names: SetupNames;
  readonly #logger: Logger;
  readonly #scopes: () => readonly (readonly string[])[];
  readonly #handler: () => StreamHandler | null;

  constructor(options: {
    readonly session: Session;
    readonly tables: TrackedTables;
    readonly names: SetupNames;
    readonly logger: Logger;
    /** Search paths that names were resolved in: a new relation may now stand in front. */
    readonly scopes: () => readonly (readonly string[])[];
    /** The stream's handler, null while there is no stream. */
    readonly handler: () => StreamHandler | null;
  }) {
    this.#session = options.session;
    this.#tables = options.tables;
    this.#names = options.names;
    this.#logger = options.logger;
    this.#scopes = options.scopes;
    this.#handler = options.handler;
  }

  async judge(events: readonly DdlEvent[], commitLsn: bigint): Promise<void> {
    if (this.#tables.size === 0) return;
    const changed = new Set<TableId>();
    const created = new Map<number, number>();
    let access = false;
    for (const event of events) {
      if (ACCESS_TAGS.test(event.tag)) access = true;
      for (const object of event.objects) {
        for (const id of this.#certainlyChanged(event, object, commitLsn)) changed.add(id);
        if (event.tag === "CREATE TABLE" && object.oid !== null && object.root !== null) {
          created.set(object.oid, object.root);
        }
      }
    }
    // One added meanwhile is not in what was read; its copy compares it with the catalogue again.
    const tables = this.#tables.all();
    const current = await this.readCurrent();
    for (const table of tables) {
      if (this.#tables.get(table.schema.id) !== table) continue;
      if (!this.#adoptLeaves(table, current, created)) changed.add(table.schema.id);
      if (this.differs(table, current)) changed.add(table.schema.id);
      else if (current.details.get(table.schema.id)?.access !== table.detail.access) access = true;
    }
    this.changed([...changed]);
    if (access) this.#handler()?.accessChange();
  }

  async judgeUnknownRelation(oid: number): Promise<void> {
    const rows = await this.#session.rows(
      `SELECT a.relid::oid::text AS root FROM pg_class c, pg_partition_ancestors(c.oid) a
       WHERE c.oid = $1::text::oid`,
      [String(oid)],
    );
    if (rows.length === 0) {
      const exists = await this.#session.rows("SELECT FROM pg_class WHERE oid = $1::text::oid", [
        String(oid),
      ]);
      if (exists.length > 0) return;
      // Dropped meanwhile: it may have been a partition of any of these.
      const partitioned = this.#tables.all().filter((table) => table.detail.kind === "p");
      return this.changed(partitioned.map((table) => table.schema.id));
    }
    const table = rows.map((row) => this.#tables.get(Number(row["root"]))).find((each) => each);
    // A partition we were not told of: with rows from before, for all we know.
    if (table !== undefined) this.changed([table.schema.id]);
  }

  changed(tables: readonly TableId[]): void {
    const removed = tables.filter((id) => this.#tables.remove(id));
    if (removed.length === 0) return;
    this.#logger.info({ tables: removed }, "the definition of tables changed upstream");
    this.#handler()?.schemaChange(removed);
  }

  readCurrent(): Promise<CurrentState> {
    return this.#session.run(async (client) => {
      const basis = await readBasis(client, this.#names);
      const ids = this.#tables.ids();
      return { basis, details: await readTableDetails(client, basis.server.versionNumber, ids) };
    });
  }

  /** Is the table gone, refused now, of another generation, or less unique than it was? */
  differs(table: TrackedTable, current: CurrentState): boolean {
    const detail = current.details.get(table.schema.id);
    if (detail === undefined) return true;
    const definition = defineTable(detail, current.basis);
    if ("refused" in definition) return true;
    if (definition.generation !== table.schema.generation) return true;
    const unique = new Set(definition.uniqueKeys.map((columns) => columns.join()));
    return table.schema.uniqueKeys.some((columns) => !unique.has(columns.join()));
  }

  /** What the event alone proves, without looking at the catalogue, which may be further on. */
  #certainlyChanged(event: DdlEvent, object: DdlObject, commitLsn: bigint): readonly TableId[] {
    const table = object.oid === null ? undefined : this.#tables.byRelation(object.oid);
    switch (event.event) {
      case "table_rewrite":
        return table === undefined ? [] : [table.schema.id];
      case "sql_drop":
        if (!object.type.endsWith("table")) return [];
        return table === undefined ? this.#lostBefore(commitLsn) : [table.schema.id];
      case "ddl_command_end": {
        if (event.tag === "ALTER TABLE") {
          // It may have attached or detached a partition, whose rows come and go unannounced.
          const root = this.#tables.get(object.root ?? object.oid ?? 0);
          const isLeaf = object.oid !== null && root?.leaves.has(object.oid) === true;
          if (root?.detail.kind === "p" && !isLeaf) return [root.schema.id];
        }
        if (object.schema === null || object.name === null) return [];
        return this.shadowedBy(object.schema, object.name, object.oid);
      }
    }
  }

  /** An unknown table was dropped while we were away: it may have been a partition of these. */
  #lostBefore(commitLsn: bigint): readonly TableId[] {
    return this.#tables
      .all()
      .filter((table) => table.adopted && table.detail.kind === "p" && commitLsn < table.sinceLsn)
      .map((table) => table.schema.id);
  }

  /**
   * Partitions created (empty) by these events become part of their table. False when one of its
   * partitions is gone: its rows left without a word.
   */
  #adoptLeaves(
    table: TrackedTable,
    current: CurrentState,
    created: ReadonlyMap<number, number>,
  ): boolean {
    const detail = current.details.get(table.schema.id);
    if (detail === undefined || detail.kind !== "p") return true;
    for (const leaf of detail.leaves) {
      if (!table.leaves.has(leaf.oid) && created.get(leaf.oid) === table.schema.id) {
        this.#tables.addLeaf(table, leaf.oid);
      }
    }
    return !this.#lostLeaf(table, detail);
  }

  #lostLeaf(table: TrackedTable, detail: TableDetail): boolean {
    const now = new Set(detail.leaves.map((leaf) => leaf.oid));
    return [...table.leaves].some((leaf) => !now.has(leaf));
  }

  /** Are its partitions others than those whose changes we deliver? */
  leavesDiffer(table: TrackedTable, current: CurrentState): boolean {
    const detail = current.details.get(table.schema.id);
    if (detail === undefined || detail.kind !== "p") return false;
    return (
      this.#lostLeaf(table, detail) || detail.leaves.some((leaf) => !table.leaves.has(leaf.oid))
    );
  }

  /** Tables that a relation of this name hides in a scope where a name was resolved. */
  shadowedBy(schema: string, name: string, oid: number | null): readonly TableId[] {
    const hidden: TableId[] = [];
    for (const table of this.#tables.all()) {
      if (table.schema.name !== name || table.schema.id === oid) continue;
      for (const scope of this.#scopes()) {
        const front = scope.indexOf(schema);
        const own = scope.indexOf(table.schema.schema);
        if (front >= 0 && own >= 0 && front < own) hidden.push(table.schema.id);
      }
    }
    return hidden;
  }
}
