import type { Connection } from "mysql2";
import { databaseError } from "./connection.ts";
import { type TextRow, queryRows } from "./session.ts";
import type { TableName } from "./table-ids.ts";

export interface TableUse extends TableName {
  /** Names of the columns read; empty: only how many rows there are. */
  readonly columns: readonly string[];
}

/** Table or column missing, or we may not read the grant tables. */
const UNREADABLE: ReadonlySet<number> = new Set([1044, 1142, 1143, 1146, 1356]);

/**
 * May the account (`user@host` as CURRENT_USER() says) read all of this? Only privileges of the
 * account itself count: roles can be switched off by a session. Unknown is no.
 */
export async function mayRead(
  client: Connection,
  account: string,
  uses: readonly TableUse[],
): Promise<boolean> {
  const at = account.lastIndexOf("@");
  if (at < 0) return false;
  const [user, host] = [account.slice(0, at), account.slice(at + 1)];
  try {
    const own = await queryRows(client, "SELECT CURRENT_USER() AS name");
    if (own[0]?.["name"] === account) return await ownMayRead(client, uses);
    const global = await queryRows(client, "SELECT * FROM mysql.user WHERE User = ? AND Host = ?", [
      user,
      host,
    ]);
    const row = global[0];
    if (row === undefined || row["is_role"] === "Y") return false;
    for (const use of uses) {
      if (row["Select_priv"] === "Y" && !isRestricted(row, use.schema)) continue;
      if (!(await schemaOrTableAllows(client, user, host, use))) return false;
    }
    return true;
  } catch (error) {
    const fields = databaseError(error);
    if (fields !== null && UNREADABLE.has(fields.errno)) return false;
    throw error;
  }
}

/** Our own account: the server tells by doing. */
async function ownMayRead(client: Connection, uses: readonly TableUse[]): Promise<boolean> {
  for (const use of uses) {
    const quoted = [use.schema, use.name].map((name) => `\`${name.replaceAll("`", "``")}\``);
    const columns = use.columns.map((name) => `\`${name.replaceAll("`", "``")}\``);
    await queryRows(client, `SELECT ${columns.join(", ") || "1"} FROM ${quoted.join(".")} LIMIT 0`);
  }
  return true;
}

/** MySQL's partial revokes: `{"Restrictions": [{"Database": "d", "Privileges": ["SELECT"]}]}`. */
function isRestricted(row: TextRow, schema: string): boolean {
  const attributes = row["User_attributes"];
  if (attributes === null || attributes === undefined || attributes === "") return false;
  const parsed = JSON.parse(attributes) as {
    readonly Restrictions?: readonly { Database?: string; Privileges?: readonly string[] }[];
  };
  return (parsed.Restrictions ?? []).some(
    (each) =>
      each.Database?.toLowerCase() === schema.toLowerCase() &&
      (each.Privileges ?? []).some((privilege) => privilege.toUpperCase() === "SELECT"),
  );
}

async function schemaOrTableAllows(
  client: Connection,
  user: string,
  host: string,
  use: TableUse,
): Promise<boolean> {
  const schemas = await queryRows(
    client,
    "SELECT Db AS db, Select_priv AS allowed FROM mysql.db WHERE User = ? AND Host = ?",
    [user, host],
  );
  // The server takes the most specific pattern only; all that match must agree here.
  const matching = schemas.filter((row) => matchesPattern(row["db"] ?? "", use.schema));
  if (matching.length > 0 && matching.every((row) => row["allowed"] === "Y")) return true;
  const tables = await queryRows(
    client,
    `SELECT Table_priv AS privileges FROM mysql.tables_priv
     WHERE User = ? AND Host = ? AND Db = ? AND Table_name = ?`,
    [user, host, use.schema, use.name],
  );
  if (tables.some((row) => hasSelect(row["privileges"]))) return true;
  const columns = await queryRows(
    client,
    `SELECT Column_name AS name, Column_priv AS privileges FROM mysql.columns_priv
     WHERE User = ? AND Host = ? AND Db = ? AND Table_name = ?`,
    [user, host, use.schema, use.name],
  );
  const readable = new Set(
    columns
      .filter((row) => hasSelect(row["privileges"]))
      .map((row) => (row["name"] ?? "").toLowerCase()),
  );
  if (use.columns.length === 0) return readable.size > 0;
  return use.columns.every((name) => readable.has(name.toLowerCase()));
}

function hasSelect(privileges: string | null | undefined): boolean {
  return (privileges ?? "").split(",").some((each) => each.toUpperCase() === "SELECT");
}

/** mysql.db names schemas by LIKE patterns with backslash. */
function matchesPattern(pattern: string, schema: string): boolean {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]!;
    if (character === "%") source += "[^]*";
    else if (character === "_") source += "[^]";
    else {
      const literal =
        character === "\\" && at + 1 < pattern.length ? pattern[(at += 1)]! : character;
      source += literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    }
  }
  return new RegExp(`^${source}$`, "u").test(schema);
}
