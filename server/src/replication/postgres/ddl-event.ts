import type { RelationMessage, Tuple } from "@freshet/pg-wire";

/** One row that the event triggers wrote: what a DDL command did, in the command's transaction. */
export interface DdlEvent {
  readonly event: "ddl_command_end" | "sql_drop" | "table_rewrite";
  readonly tag: string;
  readonly objects: readonly DdlObject[];
}

export interface DdlObject {
  /** Only objects of pg_class have an oid here. */
  readonly oid: number | null;
  readonly type: string;
  readonly schema: string | null;
  readonly name: string | null;
  /** The partitioned table at the top, for a relation that was a partition when it was made. */
  readonly root: number | null;
}

export function parseDdlEvent(relation: RelationMessage, row: Tuple): DdlEvent {
  const text = (name: string): string => {
    const value = row[relation.columns.findIndex((column) => column.name === name)];
    return typeof value === "string" ? value : "";
  };
  let objects: readonly DdlObject[] = [];
  try {
    objects = JSON.parse(text("objects")) as readonly DdlObject[];
  } catch {
    // Written by somebody else's hand; the tag alone makes us look at everything.
  }
  return { event: text("event") as DdlEvent["event"], tag: text("tag"), objects };
}
