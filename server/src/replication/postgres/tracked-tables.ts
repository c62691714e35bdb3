import type { TableId, TableSchema } from "@freshet/types";
import type { TableEvidence } from "./publication-evidence.ts";
import type { TableDetail } from "./table-detail.ts";

/** A table whose changes are delivered. */
export interface TrackedTable {
  readonly schema: TableSchema;
  readonly detail: TableDetail;
  /** The log position when its definition was read: older rows may have another layout. */
  readonly sinceLsn: bigint;
  /** Added before the stream began: its copy is older, so changes before `sinceLsn` matter. */
  readonly adopted: boolean;
  /** Partitions whose changes are this table's; grows when partitions are created. */
  readonly leaves: Set<number>;
}

/**
 * The tables the engine asked for. A table leaves as soon as its definition is known to differ:
 * none of its changes is delivered after `schemaChange` until it is added again.
 */
export class TrackedTables {
  readonly #byId = new Map<TableId, TrackedTable>();
  readonly #known = new Set<TableId>();
  readonly #evidence = new Map<TableId, TableEvidence>();
  readonly #byRelation = new Map<number, TrackedTable>();
  #version = 0;

  /** Changes with every addition and removal: what was derived before must be derived again. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): readonly TrackedTable[] {
    return [...this.#byId.values()];
  }

  ids(): readonly TableId[] {
    return [...this.#byId.keys()];
  }

  get(id: TableId): TrackedTable | undefined {
    return this.#byId.get(id);
  }

  /** By the table's own oid or a partition's. */
  byRelation(oid: number): TrackedTable | undefined {
    return this.#byRelation.get(oid);
  }

  /** Was it ever added here? Then whoever asked for it knows what became of it. */
  wasAdded(id: TableId): boolean {
    return this.#known.has(id);
  }

  /**
   * That from when we looked the table's changes are in the stream; null while nothing shows it.
   * It stays when the table leaves: the publication is another matter.
   */
  evidence(id: TableId): TableEvidence | null {
    return this.#evidence.get(id) ?? null;
  }

  setEvidence(id: TableId, evidence: TableEvidence | null): void {
    if (evidence === null) this.#evidence.delete(id);
    else this.#evidence.set(id, evidence);
  }

  get anyPartitioned(): boolean {
    return this.all().some((table) => table.detail.kind === "p");
  }

  add(schema: TableSchema, detail: TableDetail, sinceLsn: bigint, adopted: boolean): void {
    this.remove(schema.id);
    const table: TrackedTable = {
      schema,
      detail,
      sinceLsn,
      adopted,
      leaves: new Set(detail.leaves.map((leaf) => leaf.oid)),
    };
    this.#byId.set(schema.id, table);
    this.#known.add(schema.id);
    this.#byRelation.set(schema.id, table);
    for (const leaf of table.leaves) this.#byRelation.set(leaf, table);
    this.#version += 1;
  }

  addLeaf(table: TrackedTable, leaf: number): void {
    table.leaves.add(leaf);
    this.#byRelation.set(leaf, table);
    this.#version += 1;
  }

  remove(id: TableId): boolean {
    const table = this.#byId.get(id);
    if (table === undefined) return false;
    this.#byId.delete(id);
    for (const relation of [id, ...table.leaves]) {
      if (this.#byRelation.get(relation) === table) this.#byRelation.delete(relation);
    }
    this.#version += 1;
    return true;
  }
}
