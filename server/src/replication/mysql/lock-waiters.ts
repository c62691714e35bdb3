import type { Connection } from "mysql2";
import { databaseError } from "./connection.ts";
import type { ServerInfo } from "./server-info.ts";
import { queryRows } from "./session.ts";
import type { TableName } from "./table-ids.ts";

/**
 * Does somebody wait to alter the table? Everybody who uses it queues behind him, and he behind
 * whoever reads it in a long transaction. False where the account may not know.
 */
export async function someoneWaitsToAlter(
  client: Connection,
  server: ServerInfo,
  { schema, name }: TableName,
): Promise<boolean> {
  const text =
    server.flavour === "mysql"
      ? `SELECT COUNT(*) AS n FROM performance_schema.metadata_locks
         WHERE LOCK_STATUS = 'PENDING' AND LOCK_TYPE = 'EXCLUSIVE' AND OBJECT_TYPE = 'TABLE'
           AND OBJECT_SCHEMA = ? AND OBJECT_NAME = ?`
      : `SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST
         WHERE STATE = 'Waiting for table metadata lock' AND LOCATE(?, INFO) > 0
           AND INFO NOT LIKE 'LOCK TABLES%'`;
  try {
    const rows = await queryRows(
      client,
      text,
      server.flavour === "mysql" ? [schema, name] : [name],
    );
    return rows[0]?.["n"] !== "0";
  } catch (error) {
    if (databaseError(error) === null) throw error;
    return false;
  }
}
