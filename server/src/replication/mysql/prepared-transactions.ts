import type { TableId } from "@freshet/types";
import type { StreamChange } from "../contract.ts";
import type { TrackedTable, TrackedTables } from "./tracked-tables.ts";

/** Changes of prepared transactions kept at once; beyond, their tables are copied again. */
export const KEPT_CHANGES = 50_000;

export interface PreparedTransaction {
  readonly changes: readonly StreamChange[];
  /** `schema\0name` of every table it changed. */
  readonly touched: ReadonlySet<string>;
  /** The tables whose changes were kept, as they were then. */
  readonly tracked: ReadonlyMap<TableId, TrackedTable>;
}

/**
 * XA transactions between PREPARE, where the log has their changes, and COMMIT, which only names
 * them. In memory: one that is not known here (we began later) makes all tables be copied again.
 */
export class PreparedTransactions {
  readonly #tables: TrackedTables;
  readonly #byXid = new Map<string, PreparedTransaction>();
  #size = 0;

  constructor(tables: TrackedTables) {
    this.#tables = tables;
  }

  /** `changes` null: too many. */
  keep(xid: string, changes: readonly StreamChange[] | null, touched: ReadonlySet<string>): void {
    this.forget(xid);
    const fits = changes !== null && this.#size + changes.length <= KEPT_CHANGES;
    const tracked = fits ? this.#tables.all() : [];
    const kept = fits ? changes : [];
    this.#size += kept.length;
    this.#byXid.set(normal(xid), {
      changes: kept,
      touched,
      tracked: new Map(tracked.map((table) => [table.schema.id, table])),
    });
  }

  take(xid: string): PreparedTransaction | null {
    const found = this.#byXid.get(normal(xid)) ?? null;
    this.forget(xid);
    return found;
  }

  forget(xid: string): void {
    const found = this.#byXid.get(normal(xid));
    if (found === undefined) return;
    this.#size -= found.changes.length;
    this.#byXid.delete(normal(xid));
  }

  clear(): void {
    this.#byXid.clear();
    this.#size = 0;
  }
}

/** `XA COMMIT X'…',X'…',1`: the part after the verb. */
export function xidOfStatement(text: string): string {
  return text.replace(/^\s*XA\s+(COMMIT|ROLLBACK)\s+/i, "").trim();
}

function normal(xid: string): string {
  return xid.replace(/\s+/g, "").toLowerCase();
}
