import type { OracleClient } from "./dialect.ts";

/** Whether the connection's last answer came from a cache, and if not, why. */
export async function explainLast(
  client: OracleClient,
): Promise<{ readonly hit: boolean; readonly reason: string }> {
  const { rows } = await client.run("EXPLAIN LAST STATEMENT");
  const [destination, reason] = rows[0] ?? [];
  return { hit: destination?.startsWith("freshet") === true, reason: reason ?? "" };
}
