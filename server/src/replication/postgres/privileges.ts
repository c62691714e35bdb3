import type { TableId } from "@freshet/types";
import type pg from "pg";
import { databaseError } from "./connection.ts";
import { queryRows } from "./session.ts";

const MAY_READ = `SELECT coalesce(bool_and(
    has_schema_privilege(r.oid, c.relnamespace, 'USAGE')
    AND (has_table_privilege(r.oid, c.oid, 'SELECT') OR CASE
      WHEN json_array_length(u.use->'columns') = 0 THEN has_any_column_privilege(r.oid, c.oid, 'SELECT')
      ELSE NOT EXISTS (
        SELECT FROM json_array_elements_text(u.use->'columns') p(num)
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.num::int2
          AND a.attnum > 0 AND NOT a.attisdropped
        WHERE a.attnum IS NULL OR NOT has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')) END)
    AND (NOT c.relrowsecurity OR r.rolsuper OR r.rolbypassrls
      OR (NOT c.relforcerowsecurity AND pg_has_role(r.oid, c.relowner, 'USAGE')))), true) AS allowed,
    count(c.oid)::text AS found
  FROM json_array_elements($2::json) u(use)
  CROSS JOIN pg_roles r LEFT JOIN pg_class c ON c.oid = (u.use->>'table')::oid
  WHERE r.rolname = $1`;

/**
 * May the role read these columns (by the upstream's own numbers), with no row policy in
 * the way? An unknown role or table may not.
 */
export async function mayRead(
  client: pg.Client,
  role: string,
  uses: readonly { readonly table: TableId; readonly columns: readonly number[] }[],
): Promise<boolean> {
  if (uses.length === 0) {
    const roles = await queryRows(client, "SELECT FROM pg_roles WHERE rolname = $1", [role]);
    return roles.length > 0;
  }
  try {
    const rows = await queryRows(client, MAY_READ, [role, JSON.stringify(uses)]);
    const row = rows[0];
    return row?.["allowed"] === "t" && Number(row["found"]) === uses.length;
  } catch (error) {
    // 42704, 42P01: the role or a table vanished while we asked.
    const code = databaseError(error)?.code;
    if (code === "42704" || code === "42P01") return false;
    throw error;
  }
}
