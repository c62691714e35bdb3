import type { Query } from "./query.ts";

/** How a client sends a query; every way must give the same answer from the same entry. */
export type Way = "prepared" | "unnamed" | "literal" | "respelled" | "binary" | "strings";

/** One read: which query, with which values for its parameters. */
export interface Read {
  readonly query: number;
  readonly args: readonly (string | null)[];
  readonly way: Way;
  /** Index of the reading session; they differ in their settings. */
  readonly session: number;
}

export type Step =
  /** A statement on one of the upstream's own connections; failures are part of the script. */
  | {
      readonly do: "sql";
      readonly on: number;
      readonly text: string;
      readonly copy?: string;
      /** Steps of one transaction are removed together first when a script is made smaller. */
      readonly unit: number;
    }
  | {
      readonly do: "create";
      readonly query: number;
      readonly way: "placeholders" | "literals";
      /** Awaited at the next settling only, so that changes go on while tables are copied. */
      readonly background: boolean;
    }
  | { readonly do: "drop"; readonly query: number }
  /** A read whose answer is not looked at: it fills a key while changes are under way. */
  | ({ readonly do: "touch" } & Read)
  /** Waits until every commit so far is visible, then compares with the upstream. */
  | ({ readonly do: "check" } & Read)
  | { readonly do: "settle" }
  /** The product stops and starts again with its storage. */
  | { readonly do: "restart" };

/** All that is needed to run it again. */
export interface Script {
  readonly name: string;
  readonly seed: number;
  /** What was wrong when it was found. */
  readonly found: string;
  readonly schema: readonly string[];
  readonly rows: readonly string[];
  readonly queries: readonly Query[];
  /** Bytes for entries in the engine; small ones make it evict. */
  readonly memoryLimitBytes: number;
  readonly steps: readonly Step[];
}
