import type { CacheStatement } from "@freshet/sql";

/** Columns of one of our statements as its preparation says; each execution brings its own. */
export function columnsAhead(statement: CacheStatement): readonly string[] {
  if (statement.kind !== "create-cache") return [];
  return statement.concurrently ? ["Migration Id"] : ["query_id", "name", "query", "cache_type"];
}
