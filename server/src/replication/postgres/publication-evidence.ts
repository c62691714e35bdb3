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

/** The part of it that one table's changes depend on; JSON, to be kept with the table's copy. */
export interface TableEvidence {
  readonly publication: string;
  readonly table: string;
  readonly triggers: string;
}

/** Null when the publication does not exist. `only`: leaves out other tables. */
export async function readEvidence(
  client: pg.Client,
  names: SetupNames,
  only: readonly TableId[] | null = null,
): Promise<PublicationEvidence | null> {
  const wanted = only === null ? null : `{${only.join(",")}}`;
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
     JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = $1
       AND ($2::text[]::oid[] IS NULL OR r.prrelid = ANY ($2::text[]::oid[]))`,
    [names.publication, wanted],
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
      [...(await bySchema(client, names, wanted)), ...named].map((row) => [
        row["id"] ?? "",
        row["row"] ?? "",
      ]),
    ),
    triggers: triggers[0]?.["row"] ?? "",
  };
}

/**
 * Tables that are published with their schema, from version 15 on. Whether one was in another
 * schema meanwhile shows in its dependency on the schema, which nothing else changes.
 */
async function bySchema(
  client: pg.Client,
  names: SetupNames,
  wanted: string | null,
): Promise<readonly TextRow[]> {
  const exists = await queryRows(
    client,
    "SELECT to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL AS yes",
  );
  if (exists[0]?.["yes"] !== "t") return [];
  return queryRows(
    client,
    `SELECT c.oid::text AS id, s.oid || ':' || s.xmin || ':' || coalesce(d.xmin::text, '') AS row
     FROM pg_publication_namespace s JOIN pg_publication p ON p.oid = s.pnpubid
     JOIN pg_class c ON c.relnamespace = s.pnnspid
     LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
       AND d.objsubid = 0 AND d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.pnnspid
     WHERE p.pubname = $1 AND c.relkind IN ('r', 'p')
       AND ($2::text[]::oid[] IS NULL OR c.oid = ANY ($2::text[]::oid[]))`,
    [names.publication, wanted],
  );
}

const PUBLICATION_CHANGED = "the publication was changed or made again: changes may be missing";
const TRIGGERS_CHANGED =
  "the event triggers were changed or made again: schema changes may be missing";
const NOT_ALL_THE_TIME = "it was not in the publication all the time since: changes may be missing";

/** Null when the table is not published now. */
export function tableEvidence(now: PublicationEvidence | null, id: TableId): TableEvidence | null {
  const table = now?.allTables === true ? "all tables" : now?.tables[id];
  if (now === null || table === undefined) return null;
  return { publication: now.publication, table, triggers: now.triggers };
}

/** Why changes of rows may be missing that were made between the two; null when none can be. */
export function publishingGap(
  before: TableEvidence | null,
  now: TableEvidence | null,
): string | null {
  if (before === null)
    return "nothing shows that it was published all the time: changes may be missing";
  if (now === null) return NOT_ALL_THE_TIME;
  if (before.publication !== now.publication) return PUBLICATION_CHANGED;
  return before.table === now.table ? null : NOT_ALL_THE_TIME;
}

/** The same, and why changes of the definition may be missing that nobody looked for meanwhile. */
export function evidenceGap(
  before: TableEvidence | null,
  now: TableEvidence | null,
): string | null {
  const gap = publishingGap(before, now);
  if (gap !== null) return gap;
  return before?.triggers === now?.triggers ? null : TRIGGERS_CHANGED;
}

/** Why nothing that was published then can be trusted to have been since; null when it can. */
export function evidenceProblem(
  before: PublicationEvidence,
  now: PublicationEvidence | null,
): string | null {
  if (now === null) return "the publication does not exist any more";
  if (before.publication !== now.publication || before.allTables !== now.allTables) {
    return PUBLICATION_CHANGED;
  }
  if (before.triggers !== now.triggers) {
    return TRIGGERS_CHANGED;
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
    .map(({ id }) => ({ table: id, reason: NOT_ALL_THE_TIME }));
}
