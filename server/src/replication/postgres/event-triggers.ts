import { messageOf } from "@freshet/util";
import type pg from "pg";
import { databaseError } from "./connection.ts";
import { type SetupNames, quoteName, quoteText } from "./names.ts";
import { queryRows } from "./session.ts";

/** Commands that change neither definitions nor privileges and may be frequent. */
const IGNORED_TAGS = [
  "REFRESH MATERIALIZED VIEW",
  "CREATE STATISTICS",
  "COMMENT",
  "CREATE PUBLICATION",
  "ALTER PUBLICATION",
  "DROP PUBLICATION",
  "CREATE SEQUENCE",
  "ALTER SEQUENCE",
]
  .map(quoteText)
  .join(", ");

/**
 * The functions run inside the user's own DDL, so nothing in them may fail it: every error ends
 * in the exception handler, and polling finds the change later. The row is deleted at once; the
 * stream carries the insert, and the table stays empty.
 */
function functionBody(table: string): string {
  return `
DECLARE found jsonb; made bigint;
BEGIN
  IF tg_tag IN (${IGNORED_TAGS}) THEN RETURN; END IF;
  IF tg_event = 'table_rewrite' THEN
    SELECT jsonb_agg(jsonb_build_object('oid', c.oid::bigint, 'type', 'table',
        'schema', n.nspname, 'name', c.relname, 'root', NULL)) INTO found
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = pg_event_trigger_table_rewrite_oid() AND c.relpersistence <> 't';
  ELSIF tg_event = 'sql_drop' THEN
    SELECT jsonb_agg(jsonb_build_object('oid', CASE WHEN o.classid = 'pg_class'::regclass
        THEN o.objid::bigint END, 'type', o.object_type, 'schema', o.schema_name,
        'name', o.object_name, 'root', NULL)) INTO found
      FROM pg_event_trigger_dropped_objects() o
      WHERE NOT o.is_temporary AND o.object_type NOT IN ('type', 'default value', 'toast table');
  ELSE
    SELECT jsonb_agg(DISTINCT jsonb_build_object('oid', c.oid::bigint, 'type', o.object_type,
        'schema', o.schema_name, 'name', c.relname, 'root', CASE WHEN c.relispartition
        THEN (SELECT a.relid::oid::bigint FROM pg_partition_ancestors(c.oid) a
          JOIN pg_class r ON r.oid = a.relid AND NOT r.relispartition LIMIT 1) END)) INTO found
      FROM pg_event_trigger_ddl_commands() o
      LEFT JOIN pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid
      WHERE o.schema_name IS DISTINCT FROM 'pg_temp';
  END IF;
  IF found IS NULL THEN RETURN; END IF;
  INSERT INTO ${table} (event, tag, objects) VALUES (tg_event, tg_tag, found::text)
    RETURNING id INTO made;
  DELETE FROM ${table} WHERE id = made;
EXCEPTION WHEN OTHERS THEN
  NULL;
END`;
}

/** Null when they are in place; otherwise the server's reason, and polling does their work. */
export async function installEventTriggers(
  client: pg.Client,
  names: SetupNames,
): Promise<string | null> {
  const schema = quoteName(names.schema);
  const table = `${schema}.${quoteName(names.eventTable)}`;
  const body = functionBody(table);
  if ((await installedBody(client, names)) === body && (await eventTriggersWork(client, names))) {
    return null;
  }
  const { triggers } = names;
  const install = [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE IF NOT EXISTS ${table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       event text NOT NULL, tag text NOT NULL, objects text NOT NULL)`,
    `CREATE OR REPLACE FUNCTION ${schema}.on_ddl() RETURNS event_trigger LANGUAGE plpgsql
       SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $freshet$${body}$freshet$`,
    ...dropTriggers(names),
    `CREATE EVENT TRIGGER ${quoteName(triggers.commandEnd)} ON ddl_command_end
       EXECUTE FUNCTION ${schema}.on_ddl()`,
    `CREATE EVENT TRIGGER ${quoteName(triggers.drop)} ON sql_drop
       EXECUTE FUNCTION ${schema}.on_ddl()`,
    `CREATE EVENT TRIGGER ${quoteName(triggers.rewrite)} ON table_rewrite
       EXECUTE FUNCTION ${schema}.on_ddl()`,
    // Also for sessions with session_replication_role = replica.
    ...triggerNames(names).map((name) => `ALTER EVENT TRIGGER ${name} ENABLE ALWAYS`),
  ];
  await client.query("BEGIN");
  try {
    for (const command of install) await client.query(command);
    const published = await queryRows(
      client,
      `SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
       WHERE p.pubname = $1 AND r.prrelid = $2::text::regclass`,
      [names.publication, table],
    );
    if (published.length === 0) {
      await client.query(`ALTER PUBLICATION ${quoteName(names.publication)} ADD TABLE ${table}`);
    }
    await client.query("COMMIT");
    return null;
  } catch (error) {
    await client.query("ROLLBACK");
    if (databaseError(error) === null) throw error;
    return messageOf(error);
  }
}

async function installedBody(client: pg.Client, names: SetupNames): Promise<string | null> {
  const rows = await queryRows(
    client,
    `SELECT p.prosrc AS body FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = $1 AND p.proname = 'on_ddl'`,
    [names.schema],
  );
  return rows[0]?.["body"] ?? null;
}

/** Are all three there, enabled, and their table in the publication? */
export async function eventTriggersWork(client: pg.Client, names: SetupNames): Promise<boolean> {
  const { commandEnd, drop, rewrite } = names.triggers;
  const rows = await queryRows(
    client,
    `SELECT (SELECT count(*) FROM pg_event_trigger WHERE evtname = ANY ($1::text[])
        AND evtenabled = 'A')::text AS triggers,
      EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
        JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE p.pubname = $2 AND n.nspname = $3 AND c.relname = $4) AS published`,
    [
      `{${[commandEnd, drop, rewrite].join(",")}}`,
      names.publication,
      names.schema,
      names.eventTable,
    ],
  );
  return rows[0]?.["triggers"] === "3" && rows[0]["published"] === "t";
}

export function dropTriggers(names: SetupNames): readonly string[] {
  return triggerNames(names).map((name) => `DROP EVENT TRIGGER IF EXISTS ${name}`);
}

function triggerNames({ triggers }: SetupNames): readonly string[] {
  return [triggers.commandEnd, triggers.drop, triggers.rewrite].map(quoteName);
}
