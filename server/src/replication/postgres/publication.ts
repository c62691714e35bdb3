import type pg from "pg";
import { databaseError } from "./connection.ts";
import { type SetupNames, qualified, quoteName, quoteText } from "./names.ts";
import { type PublicationEvidence, readEvidence } from "./publication-evidence.ts";
import { queryRows } from "./session.ts";
import type { TableDetail } from "./table-detail.ts";

/**
 * Partitions are published under their own names (not via the root): only so does the stream tell
 * of a TRUNCATE on one partition.
 */
const OPTIONS = "publish = 'insert, update, delete, truncate', publish_via_partition_root = false";

export interface PublicationState {
  readonly exists: boolean;
  readonly allTables: boolean;
  readonly viaRoot: boolean;
  /** Null, or what the publication leaves out and how to mend it. */
  readonly incomplete: string | null;
}

export async function readPublication(
  client: pg.Client,
  names: SetupNames,
): Promise<PublicationState> {
  const rows = await queryRows(
    client,
    `SELECT puballtables, pubviaroot, pubinsert AND pubupdate AND pubdelete AND pubtruncate AS whole
     FROM pg_publication WHERE pubname = $1`,
    [names.publication],
  );
  const row = rows[0];
  const mend = `ALTER PUBLICATION ${quoteName(names.publication)} SET (${OPTIONS})`;
  return {
    exists: row !== undefined,
    allTables: row?.["puballtables"] === "t",
    viaRoot: row?.["pubviaroot"] === "t",
    incomplete:
      row === undefined || row["whole"] === "t"
        ? null
        : `the publication ${names.publication} leaves out some kinds of changes (fix: ${mend})`,
  };
}

/** Empty: tables are added when a cache needs them. Needs CREATE on the database. */
export async function createPublication(client: pg.Client, names: SetupNames): Promise<void> {
  await client.query(`CREATE PUBLICATION ${quoteName(names.publication)} WITH (${OPTIONS})`);
}

export interface PublishedTables {
  has(table: TableDetail): boolean;
  /** By itself, not only with all tables or its schema. */
  names(table: TableDetail): boolean;
  /** Why this publication, made by somebody else, does not carry all of the table. */
  refusal(table: TableDetail): string | null;
}

/** The tables named in the publication (roots, not their partitions), by whatever clause. */
export async function publishedTables(
  client: pg.Client,
  names: SetupNames,
): Promise<PublishedTables> {
  const { allTables, viaRoot } = await readPublication(client, names);
  const rows = await queryRows(
    client,
    `SELECT r.prrelid::text AS oid, to_jsonb(r)->>'prqual' IS NOT NULL
       OR to_jsonb(r)->>'prattrs' IS NOT NULL AS narrowed
     FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = $1`,
    [names.publication],
  );
  const hasSchemas = await queryRows(
    client,
    "SELECT to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL AS yes",
  );
  const schemas =
    hasSchemas[0]?.["yes"] === "t"
      ? await queryRows(
          client,
          `SELECT n.nspname AS schema FROM pg_publication_namespace s
           JOIN pg_publication p ON p.oid = s.pnpubid JOIN pg_namespace n ON n.oid = s.pnnspid
           WHERE p.pubname = $1`,
          [names.publication],
        )
      : [];
  const tables = new Map(rows.map((row) => [Number(row["oid"]), row["narrowed"] === "t"]));
  const schemaNames = new Set(schemas.map((row) => row["schema"]));
  return {
    has: (table) => allTables || tables.has(table.oid) || schemaNames.has(table.schema),
    names: (table) => tables.has(table.oid),
    refusal(table) {
      const publication = `the publication ${names.publication}`;
      if (tables.get(table.oid) === true) {
        return `${publication} has a row filter or column list for ${qualified(table)} (fix: remove it)`;
      }
      if (viaRoot && table.kind === "p") {
        return `${publication} hides TRUNCATE of the partitions of ${qualified(table)} (fix: ALTER PUBLICATION ${quoteName(names.publication)} SET (publish_via_partition_root = false))`;
      }
      return null;
    },
  };
}

/** Null when done; otherwise why not, with what to run. */
export async function publishTable(
  client: pg.Client,
  names: SetupNames,
  table: TableDetail,
): Promise<string | null> {
  const only = table.kind === "p" ? "" : "ONLY ";
  const command = `ALTER PUBLICATION ${quoteName(names.publication)} ADD TABLE ${only}${qualified(table)}`;
  try {
    await withLockTimeout(client, command);
    return null;
  } catch (error) {
    const fields = databaseError(error);
    // 42710: somebody else added it meanwhile.
    if (fields?.code === "42710") return null;
    if (fields?.code !== "42501") throw error;
    const user = (await queryRows(client, "SELECT current_user AS name"))[0]?.["name"] ?? "";
    const grant = `GRANT ${quoteName(table.owner)} TO ${quoteName(user)}`;
    return `the upstream user may not publish ${qualified(table)}: ${fields.message} (fix: ${grant}; or let a superuser run: ${command})`;
  }
}

/** Those that are in the publication by name; the others are left alone. */
export async function unpublishTables(
  client: pg.Client,
  names: SetupNames,
  ids: readonly number[],
): Promise<void> {
  const rows = await queryRows(
    client,
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_publication_rel r
     JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE p.pubname = $1 AND c.oid = ANY ($2::text[]::oid[])`,
    [names.publication, `{${ids.join(",")}}`],
  );
  for (const row of rows) {
    const table = qualified({ schema: row["schema"] ?? "", name: row["name"] ?? "" });
    const command = `ALTER PUBLICATION ${quoteName(names.publication)} DROP TABLE ${table}`;
    await withLockTimeout(client, command);
  }
}

/**
 * Makes every walsender forget what it remembers about these tables, by removing and adding them
 * in one transaction. Servers before the minor releases of 2025 keep a cached "not published" for a
 * table whose writers were in progress when it was added, and then lose every later change of it
 * (seen with 13.6); only a change of the table's own row in pg_publication_rel drops that.
 * Returns the evidence of that moment, which nobody else can have touched.
 */
export async function refreshPublication(
  client: pg.Client,
  names: SetupNames,
  tables: readonly TableDetail[],
): Promise<PublicationEvidence | null> {
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL lock_timeout TO ${quoteText("30s")}`);
    for (const table of tables) {
      const alter = `ALTER PUBLICATION ${quoteName(names.publication)}`;
      const only = table.kind === "p" ? "" : "ONLY ";
      await client.query(`${alter} DROP TABLE ${qualified(table)}`);
      await client.query(`${alter} ADD TABLE ${only}${qualified(table)}`);
    }
    const ids = tables.map((table) => table.oid);
    const evidence = await readEvidence(client, names, ids);
    await client.query("COMMIT");
    return evidence;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

async function withLockTimeout(client: pg.Client, command: string): Promise<void> {
  await client.query(`SET lock_timeout TO ${quoteText("30s")}`);
  try {
    await client.query(command);
  } finally {
    await client.query("SET lock_timeout TO 0");
  }
}
