import { runCacheStatement } from "@freshet/adapter-core";
import type { ControlError, ControlResult } from "@freshet/rpc";
import type { CacheStatement } from "@freshet/sql";
import { noticeResponse } from "@freshet/pg-wire";
import { prepare } from "./readiness.ts";
import type { Session } from "./session.ts";

/** `text` columns. */
const TEXT_TYPE = { tableId: 0, columnNumber: 0, typeId: 25, typeSize: -1, typeModifier: -1 };

export function controlColumns(columns: readonly string[]) {
  return columns.map((name) => ({ name, ...TEXT_TYPE }));
}

/** Of a statement that is described before it has run, because running it changes something. */
export function columnsAhead(statement: CacheStatement): readonly string[] {
  if (statement.kind !== "create-cache") return [];
  return statement.concurrently ? ["Migration Id"] : ["query_id", "name", "query", "cache_type"];
}

/** True for statements that only read, which may be run to describe their columns. */
export function onlyShows(statement: CacheStatement): boolean {
  return statement.kind.startsWith("show-") || statement.kind.startsWith("explain-");
}

/** Runs one of our own statements for this session. Never rejects but for a broken invariant. */
export function runControl(
  session: Session,
  statement: CacheStatement,
): Promise<ControlResult | ControlError> {
  return runCacheStatement(session, statement, "UTF8", prepare, () => "session-setting");
}

/** The notices of a result, ahead of its rows. */
export function writeNotices(session: Session, result: ControlResult): void {
  for (const message of result.notices) {
    session.out.add(noticeResponse({ severity: "NOTICE", code: "00000", message }));
  }
}
