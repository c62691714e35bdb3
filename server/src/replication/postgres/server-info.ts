import { must } from "@freshet/util";
import type pg from "pg";
import { queryRows } from "./session.ts";

/** What of server and database decides how we read it. */
export interface ServerInfo {
  /** e.g. 160004. */
  readonly versionNumber: number;
  readonly version: string;
  readonly database: string;
  readonly encoding: string;
  readonly defaultCollation: CollationSource;
  readonly inRecovery: boolean;
}

/** How a collation sorts: provider c (libc), i (ICU), b (built in), d (the database's default). */
export interface CollationSource {
  readonly provider: string;
  readonly locale: string;
  readonly deterministic: boolean;
}

export async function readServerInfo(client: pg.Client): Promise<ServerInfo> {
  const rows = await queryRows(
    client,
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS
       version, current_database() AS database, pg_encoding_to_char(encoding) AS encoding,
       pg_is_in_recovery() AS recovery, to_jsonb(d) AS source
     FROM pg_database d WHERE datname = current_database()`,
  );
  const row = must(rows[0], "the current database exists");
  const source = JSON.parse(must(row["source"], "a row is not null")) as Record<string, unknown>;
  const provider = typeof source["datlocprovider"] === "string" ? source["datlocprovider"] : "c";
  return {
    versionNumber: Number(row["number"]),
    version: row["version"] ?? "",
    database: row["database"] ?? "",
    encoding: row["encoding"] ?? "",
    defaultCollation: {
      provider,
      locale: String(
        (provider === "c"
          ? source["datcollate"]
          : (source["datlocale"] ?? source["daticulocale"])) ?? "",
      ),
      deterministic: true,
    },
    inRecovery: row["recovery"] === "t",
  };
}
