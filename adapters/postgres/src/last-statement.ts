import type { ControlResult } from "@freshet/rpc";

/** What became of the session's last statement, for EXPLAIN LAST STATEMENT. */
export interface LastStatement {
  readonly destination: "freshet" | "upstream" | "none";
  readonly reason: string;
}

export const NO_STATEMENT: LastStatement = { destination: "none", reason: "no statement yet" };
export const SERVED: LastStatement = { destination: "freshet", reason: "ok" };

export function explainLastStatement(last: LastStatement): ControlResult {
  return {
    columns: ["Query_destination", "Freshet_reason"],
    rows: [[last.destination, last.reason]],
    tag: "EXPLAIN",
    notices: [],
  };
}
