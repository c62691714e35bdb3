import type { TableId, TableSchema } from "@freshet/types";
import type pg from "pg";
import type { SetupNames } from "./names.ts";
import { type TextRow, queryRows } from "./session.ts";

/**
 * What makes the changes of tables part of the stream, at one moment. Each entry has the
 * catalogue row's oid and xmin, so it is equal later only if the row was there all the time and
 * nobody changed it.
 */
export interface PublicationEvidence {
  readonly publication: string;
  readonly allTables: boolean;
  /** By the table's oid; empty where all tables are published. */
  readonly tables: Readonly<Record<string, string>>;
  /** The event triggers, their function and their table's part in the publication. */
  readonly triggers: string;
}

export async function readEvidence(
  client: pg.Client,
  names: SetupNames,
): Promise<PublicationEvidence | null> {
  const publication = await queryRows(
    client,
    `SELECT oid || ':' || xmin AS row, puballtables AS all FROM pg_publication WHERE pubname = $1`,
    [names.publication],
  );
  const own = publication[0];
  if (own === undefined) return null;
  const named = await queryRows(
    client,
    `SELECT r.prrelid::text AS id, r.oid || ':' || r.xmin AS row FROM pg_publication_rel r
     JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = $1`,
    [names.publication],
  );
  const triggers = await queryRows(
    client,
    `SELECT coalesce(string_agg(concat_ws(':', t.evtname, t.oid, t.xmin, t.evtenabled, t.evtfoid,
        f.xmin), ',' ORDER BY t.evtname), '') || coalesce((SELECT r.oid || ':' || r.xmin
        FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
        JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE p.pubname = $2 AND n.nspname = $3 AND c.relname = $4), '') AS row
     FROM pg_event_trigger t JOIN pg_proc f ON f.oid = t.evtfoid
     WHERE t.evtname = ANY ($1::text[])`,
    [
      `{${Object.values(names.triggers).join(",")}}`,
      names.publication,
      names.schema,
      names.eventTable,
    ],
  );
  return {
    publication: own["row"] ?? "",
    allTables: own["all"] === "t",
    tables: Object.fromEntries(
      [...(await bySchema(client, names)), ...named].map((row) => [
        row["id"] ?? "",
        row["row"] ?? "",
      ]),
    ),
    triggers: triggers[0]?.["row"] ?? "",
  };
}

/**
 * Tables that are published with their schema, from version 15 on. The table's own row in the
 * catalogue shows whether it was in another schema meanwhile.
 */
async function bySchema(client: pg.Client, names: SetupNames): Promise<readonly TextRow[]> {
  const exists = await queryRows(
    client,
    "SELECT to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL AS yes",
  );
  if (exists[0]?.["yes"] !== "t") return [];
  return queryRows(
    client,
    `SELECT c.oid::text AS id, s.oid || ':' || s.xmin || ':' || c.xmin AS row
     FROM pg_publication_namespace s JOIN pg_publication p ON p.oid = s.pnpubid
     JOIN pg_class c ON c.relnamespace = s.pnnspid
     WHERE p.pubname = $1 AND c.relkind IN ('r', 'p')`,
    [names.publication],
  );
}

/** Why nothing that was published then can be trusted to have been since; null when it can. */
export function evidenceProblem(
  before: PublicationEvidence,
  now: PublicationEvidence | null,
): string | null {
  if (now === null) return "the publication does not exist any more";
  if (before.publication !== now.publication || before.allTables !== now.allTables) {
    return "the publication was changed or made again: changes may be missing";
  }
  if (before.triggers !== now.triggers) {
    return "the event triggers were changed or made again: schema changes may be missing";
  }
  return null;
}

/** Those whose changes may not have been published all the time. */
export function staleTables(
  before: PublicationEvidence,
  now: PublicationEvidence,
  tables: readonly TableSchema[],
): readonly { readonly table: TableId; readonly reason: string }[] {
  if (before.allTables) return [];
  return tables
    .filter(({ id }) => {
      const row = before.tables[id];
      return row === undefined || row !== now.tables[id];
    })
    .map(({ id }) => ({
      table: id,
      reason: "it was not in the publication all the time since: changes may be missing",
    }));
}
