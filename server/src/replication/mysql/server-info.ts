import { must } from "@freshet/util";
import type { Connection } from "mysql2";
import { queryRows } from "./session.ts";

/** What of the server decides how we read it. */
export interface ServerInfo {
  readonly flavour: "mysql" | "mariadb";
  readonly version: string;
  /** e.g. 90704 or 101119. */
  readonly versionNumber: number;
  /** The same server after a restart, another one after a failover. */
  readonly systemId: string;
  /** Names are compared without case (lower_case_table_names 1 or 2). */
  readonly foldNames: boolean;
  /** Foreign keys' cascades are written to the binary log. */
  readonly logsCascades: boolean;
  /** Global variables by lower-case name. */
  readonly variables: ReadonlyMap<string, string>;
}

/** MySQL 9.6 made foreign keys the server's own work; the switch goes back to the engine's. */
const SQL_FOREIGN_KEYS_VERSION = 90_600;

export async function readServerInfo(client: Connection): Promise<ServerInfo> {
  const rows = await queryRows(client, "SHOW GLOBAL VARIABLES");
  const variables = new Map(
    rows.map((row) => [(row["Variable_name"] ?? "").toLowerCase(), row["Value"] ?? ""]),
  );
  const get = (name: string): string => variables.get(name) ?? "";
  const version = must(variables.get("version"), "the server has a version");
  const flavour = /mariadb/i.test(version + get("version_comment")) ? "mariadb" : "mysql";
  const [major, minor, patch] = version.split(/[.-]/).map(Number);
  const versionNumber = (major ?? 0) * 10_000 + (minor ?? 0) * 100 + (patch ?? 0);
  const systemId =
    flavour === "mysql"
      ? get("server_uuid")
      : // MariaDB (before 12) has no identity of its own: these survive a restart, and no replica
        // that takes over has all of them.
        ["hostname", "port", "server_id", "datadir"].map(get).join("|");
  return {
    flavour,
    version: version.replace(/-.*$/, ""),
    versionNumber,
    systemId,
    foldNames: get("lower_case_table_names") !== "0",
    logsCascades:
      flavour === "mysql" &&
      versionNumber >= SQL_FOREIGN_KEYS_VERSION &&
      get("innodb_native_foreign_keys").toUpperCase() === "OFF",
    variables,
  };
}

/** Does everything that is in the binary log survive a crash, and nothing else? */
export function isDurable({ variables }: ServerInfo): boolean {
  return (
    variables.get("sync_binlog") === "1" && variables.get("innodb_flush_log_at_trx_commit") === "1"
  );
}

export interface BinaryLog {
  readonly file: string;
  readonly size: number;
}

/** The logs that still exist, oldest first. */
export async function readBinaryLogs(client: Connection): Promise<readonly BinaryLog[]> {
  const rows = await queryRows(client, "SHOW BINARY LOGS");
  return rows.map((row) => ({ file: row["Log_name"] ?? "", size: Number(row["File_size"]) }));
}

/** Where the next transaction will be written; everything committed ends at or before it. */
export async function readLogEnd(client: Connection, server: ServerInfo): Promise<BinaryLog> {
  const modern = server.flavour === "mysql" && server.versionNumber >= 80_200;
  const rows = await queryRows(client, modern ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
  const row = must(rows[0], "binary logging is on");
  return { file: row["File"] ?? "", size: Number(row["Position"]) };
}
