import { redact } from "@freshet/config";
import { mysqlConnectionOptions } from "@freshet/server";
import { ConfigurationError, messageOf } from "@freshet/util";
import mysql, { type RowDataPacket } from "mysql2/promise";

const CONNECT_LIMIT_MS = 10_000;

/** Is there a MySQL or MariaDB that can be followed? See `awaitUpstream`. */
export async function reachMysql(url: string): Promise<Error | null> {
  let connection: mysql.Connection;
  try {
    connection = await mysql.createConnection({
      ...mysqlConnectionOptions(url),
      connectTimeout: CONNECT_LIMIT_MS,
    });
  } catch (error) {
    return explain(error, url);
  }
  // A connection that breaks also fails what waits for it.
  connection.on("error", () => undefined);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT VERSION() AS version, @@log_bin AS log_bin, @@binlog_format AS binlog_format",
    );
    const row: RowDataPacket | undefined = rows[0];
    return unsuitable(
      String(row?.["version"]),
      Number(row?.["log_bin"]),
      String(row?.["binlog_format"]),
    );
  } catch (error) {
    return explain(error, url);
  } finally {
    await connection.end().catch(() => undefined);
  }
}

function unsuitable(
  version: string,
  logBin: number,
  binlogFormat: string,
): ConfigurationError | null {
  const [major = 0, minor = 0] = version
    .replace(/^5\.5\.5-/, "")
    .split(".")
    .map(Number);
  const mariadb = /mariadb/i.test(version);
  const oldest = mariadb ? [10, 6] : [8, 0];
  if (major < (oldest[0] ?? 0) || (major === oldest[0] && minor < (oldest[1] ?? 0))) {
    return new ConfigurationError(
      `The upstream is ${mariadb ? "MariaDB" : "MySQL"} ${version}, and Freshet follows ${oldest.join(".")} and newer: upgrade the database.`,
    );
  }
  if (logBin !== 1) {
    return new ConfigurationError(
      "The upstream writes no binary log: set log_bin (on RDS, turn on automated backups) and restart the database.",
    );
  }
  if (binlogFormat.toUpperCase() !== "ROW") {
    return new ConfigurationError(
      `The upstream's binlog_format is ${binlogFormat}: set binlog_format = ROW.`,
    );
  }
  return null;
}

/** Error numbers that only a person can mend: access denied, unknown database, no such grant. */
const DENIED = new Set([1044, 1045, 1698, 1251, 2059]);
const UNKNOWN_DATABASE = 1049;

function explain(error: unknown, url: string): Error {
  const number = (error as { errno?: unknown }).errno;
  const message = redact(messageOf(error));
  if (typeof number === "number" && DENIED.has(number)) {
    return new ConfigurationError(
      `The upstream refuses user ${new URL(url).username} (${message}): correct the user or password in --upstream-db-url.`,
      { cause: error },
    );
  }
  if (number === UNKNOWN_DATABASE) {
    return new ConfigurationError(
      `The upstream has no such database (${message}): correct the name in --upstream-db-url.`,
      { cause: error },
    );
  }
  if (/certificate|does not support secure connection|self.signed/i.test(message)) {
    return new ConfigurationError(
      `No TLS connection to the upstream (${message}): see --ssl-root-cert, --disable-upstream-ssl-verification and sslmode in --upstream-db-url.`,
      { cause: error },
    );
  }
  return error instanceof Error ? error : new Error(message);
}
