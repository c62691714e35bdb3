import type { ControlResult } from "@freshet/rpc";

/** What became of the session's last statement, for EXPLAIN LAST STATEMENT. */
export interface LastStatement {
  /** The name of the cache that answered, or null. */
  readonly cache: string | null;
  readonly reason: string;
}

export const NO_STATEMENT: LastStatement = { cache: null, reason: "no statement yet" };

export function explainLastStatement(last: LastStatement): ControlResult {
  const elsewhere = last === NO_STATEMENT ? "none" : "upstream";
  const destination = last.cache === null ? elsewhere : `freshet(${last.cache})`;
  return {
    columns: ["Query_destination", "Freshet_reason"],
    rows: [[destination, last.reason]],
    tag: "EXPLAIN",
    notices: [],
  };
}
