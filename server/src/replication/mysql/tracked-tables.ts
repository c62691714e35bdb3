import type { SqlType, TableId, TableSchema } from "@freshet/types";
import type { LogPosition } from "./position.ts";
import type { TableName } from "./table-ids.ts";

/** A table whose changes are delivered. */
export interface TrackedTable {
  readonly schema: TableSchema;
  /** One entry per column of the table, null for those that are not kept. */
  readonly wanted: readonly (SqlType | null)[];
  /**
   * Transactions that end at or before it are older than the definition: they may have another
   * layout, and the copy contains them. Null: added before the stream began, all matter.
   */
  readonly since: LogPosition | null;
}

/**
 * The tables the engine asked for, by name as the log has them. A table leaves as soon as its
 * definition is known to differ: none of its changes is delivered after `schemaChange` until it
 * is added again.
 */
export class TrackedTables {
  readonly #byId = new Map<TableId, TrackedTable>();
  readonly #byName = new Map<string, TrackedTable>();
  #foldNames = false;
  #version = 0;

  /** Changes with every addition and removal: what was derived before must be derived again. */
  get version(): number {
    return this.#version;
  }

  /** From now on names are compared without case. */
  foldNames(): void {
    this.#foldNames = true;
  }

  all(): readonly TrackedTable[] {
    return [...this.#byId.values()];
  }

  get(id: TableId): TrackedTable | undefined {
    return this.#byId.get(id);
  }

  byName(schema: string, name: string): TrackedTable | undefined {
    return this.#byName.get(this.#key({ schema, name }));
  }

  sameName(left: string, right: string): boolean {
    return this.fold(left) === this.fold(right);
  }

  fold(name: string): string {
    return this.#foldNames ? name.toLowerCase() : name;
  }

  add(schema: TableSchema, wanted: readonly (SqlType | null)[], since: LogPosition | null): void {
    this.remove(schema.id);
    const table: TrackedTable = { schema, wanted, since };
    this.#byId.set(schema.id, table);
    this.#byName.set(this.#key(schema), table);
    this.#version += 1;
  }

  remove(id: TableId): boolean {
    const table = this.#byId.get(id);
    if (table === undefined) return false;
    this.#byId.delete(id);
    this.#byName.delete(this.#key(table.schema));
    this.#version += 1;
    return true;
  }

  #key({ schema, name }: TableName): string {
    return `${this.fold(schema)}\0${this.fold(name)}`;
  }
}
