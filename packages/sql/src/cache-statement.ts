/**
 * Our own statements (`CREATE CACHE …`, `SHOW CACHES`, …). `FRESHET` and `READYSET` are both
 * accepted wherever the product's name stands. `select` is the query's own text, byte string.
 */
export type CacheStatement =
  | {
      readonly kind: "create-cache";
      readonly name: string | null;
      readonly ifNotExists: boolean;
      readonly concurrently: boolean;
      /** In a transaction: forward always, answer always, or answer until its first write. */
      readonly inTransaction: "default" | "always" | "until-write";
      /** Accepted words of ReadySet that change nothing here, or ask for a kind of maintenance. */
      readonly maintenance: "default" | "deep" | "shallow";
      readonly source:
        | { readonly kind: "select"; readonly select: string }
        | { readonly kind: "query-id"; readonly queryId: string };
    }
  | {
      readonly kind: "explain-create-cache";
      readonly source:
        | { readonly kind: "select"; readonly select: string }
        | { readonly kind: "query-id"; readonly queryId: string };
    }
  | { readonly kind: "drop-cache"; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: "drop-all-caches" }
  | { readonly kind: "drop-all-proxied-queries" }
  | { readonly kind: "show-caches"; readonly queryId: string | null }
  | {
      readonly kind: "show-proxied-queries";
      readonly supportedOnly: boolean;
      readonly queryId: string | null;
      readonly limit: number | null;
    }
  | { readonly kind: "explain-last-statement" }
  | { readonly kind: "explain-caches" }
  | { readonly kind: "show-status" }
  | { readonly kind: "show-tables"; readonly all: boolean }
  | { readonly kind: "show-version" }
  | { readonly kind: "show-migration-status"; readonly id: string }
  | { readonly kind: "show-connections" }
  | { readonly kind: "show-adapters" }
  | { readonly kind: "show-servers" }
  /** Only what the status says changes: for those who watch a deployment. */
  | { readonly kind: "set-maintenance"; readonly on: boolean }
  /** Each as `--replication-tables` has it, `schema.table`, `schema.*` or `*.*`; or `table` alone. */
  | { readonly kind: "add-tables"; readonly tables: readonly string[] }
  | { readonly kind: "drop-tables"; readonly tables: readonly string[] }
  | { readonly kind: "resnapshot-table"; readonly table: string };

export type CacheStatementParse =
  /** Not one of ours: forward it. */
  | { readonly kind: "not-ours" }
  | { readonly kind: "statement"; readonly statement: CacheStatement }
  /** Begins as one of ours and then goes wrong: the client gets a syntax error. */
  | { readonly kind: "error"; readonly message: string; readonly position: number };
