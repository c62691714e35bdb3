import { messageOf } from "@freshet/util";
import type { Connection } from "mysql2";
import type { Finding } from "../contract.ts";
import { type ConnectionOptions, databaseOf, endQuietly, openConnection } from "./connection.ts";
import { type ServerInfo, isDurable, readBinaryLogs, readServerInfo } from "./server-info.ts";
import { queryRows } from "./session.ts";

const OLDEST: Readonly<Record<ServerInfo["flavour"], { number: number; text: string }>> = {
  mysql: { number: 80_000, text: "MySQL 8.0" },
  mariadb: { number: 100_600, text: "MariaDB 10.6" },
};
/** With less the logs may be gone before we come back from a longer stop. */
const SHORT_EXPIRY_SECONDS = 86_400;

/** Everything that would stop replication later, each with its fix. Changes nothing upstream. */
export async function verifyUpstream(options: ConnectionOptions): Promise<readonly Finding[]> {
  let client: Connection;
  try {
    client = await openConnection(options, "admin");
  } catch (error) {
    return [fail("reachable", `${messageOf(error)}.`)];
  }
  try {
    const server = await readServerInfo(client);
    const product = server.flavour === "mysql" ? "MySQL" : "MariaDB";
    const database = databaseOf(options.url) || "none";
    return [
      pass("reachable", `Connected to ${product} ${server.version}, database ${database}.`),
      ...serverFindings(server),
      ...(await accountFindings(client, server)),
      ...(await logFindings(client, server)),
      await cascadeFinding(client, server),
    ];
  } finally {
    await endQuietly(client);
  }
}

/** What the server's own variables decide; a failure of any stops replication. */
export function serverFindings(server: ServerInfo): readonly Finding[] {
  const get = (name: string): string => (server.variables.get(name) ?? "").toUpperCase();
  const oldest = OLDEST[server.flavour];
  const findings: Finding[] = [
    server.versionNumber >= oldest.number
      ? pass("version", `Version ${server.version} is supported.`)
      : fail("version", `Version ${server.version} is too old: ${oldest.text} or later is needed.`),
    get("log_bin") === "ON"
      ? pass("log_bin", "Binary logging is on.")
      : fail(
          "log_bin",
          "Binary logging is off: set log_bin in the server's configuration and restart the server.",
        ),
    get("binlog_format") === "ROW"
      ? pass("binlog_format", "binlog_format is ROW.")
      : fail(
          "binlog_format",
          `binlog_format is ${get("binlog_format")}: run SET GLOBAL binlog_format = 'ROW', set it in the configuration, and let the applications reconnect.`,
        ),
    get("binlog_row_image") === "FULL"
      ? pass("binlog_row_image", "binlog_row_image is FULL.")
      : fail(
          "binlog_row_image",
          `binlog_row_image is ${get("binlog_row_image")}: run SET GLOBAL binlog_row_image = 'FULL', set it in the configuration, and let the applications reconnect.`,
        ),
  ];
  if (get("binlog_row_value_options").includes("PARTIAL_JSON")) {
    findings.push(
      fail(
        "binlog_row_value_options",
        "JSON columns are logged in part: run SET GLOBAL binlog_row_value_options = '', set it in the configuration, and let the applications reconnect.",
      ),
    );
  }
  const storage = get("binlog_storage_engine");
  if (storage !== "") {
    findings.push(
      fail(
        "binlog_storage_engine",
        `The binary log is kept in ${storage}, which has no files to read: unset binlog_storage_engine.`,
      ),
    );
  }
  if (
    get("log_bin") === "ON" &&
    get("log_slave_updates") === "OFF" &&
    get("log_replica_updates") !== "ON"
  ) {
    findings.push(
      pass(
        "log_replica_updates",
        "log_replica_updates is OFF: were this server a replica, the changes it replicates would not be seen.",
      ),
    );
  }
  const metadata = get("binlog_row_metadata");
  findings.push(
    pass(
      "binlog_row_metadata",
      metadata === "FULL"
        ? "binlog_row_metadata is FULL."
        : `binlog_row_metadata is ${metadata}: SET GLOBAL binlog_row_metadata = 'FULL' would let every change of definition be checked against the rows.`,
    ),
  );
  if (get("binlog_transaction_compression") === "ON") {
    findings.push(pass("binlog_transaction_compression", "Compressed transactions are decoded."));
  }
  if (get("encrypt_binlog") === "ON" || get("binlog_encryption") === "ON") {
    findings.push(pass("binlog_encryption", "The encrypted binary log is sent to us decrypted."));
  }
  findings.push(durabilityFinding(server));
  return findings;
}

function durabilityFinding(server: ServerInfo): Finding {
  const check = "durability";
  const sync = server.variables.get("sync_binlog");
  const flush = server.variables.get("innodb_flush_log_at_trx_commit");
  if (isDurable(server)) {
    return pass(check, "Committed transactions survive a crash of the server.");
  }
  return pass(
    check,
    `With sync_binlog = ${sync} and innodb_flush_log_at_trx_commit = ${flush} a crash of the server's machine may lose transactions that were seen here; all tables are copied again then. Both at 1 avoid that.`,
  );
}

async function accountFindings(
  client: Connection,
  server: ServerInfo,
): Promise<readonly Finding[]> {
  const rows = await queryRows(client, "SELECT CURRENT_USER() AS name");
  const name = rows[0]?.["name"] ?? "";
  const account = `'${name.replace(/@([^@]*)$/, "'@'$1")}'`;
  const all = (await grants(client, server)).join("\n").toUpperCase();
  const hasAll = /GRANT ALL PRIVILEGES ON \*\.\*/.test(all);
  const has = (...privileges: string[]): boolean =>
    hasAll ||
    privileges.some((privilege) => new RegExp(`[ ,]${privilege}(,| ON \\*\\.\\*)`).test(all));
  const findings: Finding[] = [];
  const replicates = has("REPLICATION SLAVE", "REPLICATION REPLICA");
  findings.push(
    replicates
      ? pass("privileges", `The account ${account} may read the binary log.`)
      : fail(
          "privileges",
          `The account ${account} may not read the binary log: run GRANT REPLICATION SLAVE ON *.* TO ${account}.`,
        ),
  );
  const monitor = server.flavour === "mysql" ? "REPLICATION CLIENT" : "BINLOG MONITOR";
  findings.push(
    has("REPLICATION CLIENT", "BINLOG MONITOR", "SUPER")
      ? pass("log positions", `The account ${account} may read positions of the binary log.`)
      : fail(
          "log positions",
          `The account ${account} may not read positions of the binary log: run GRANT ${monitor} ON *.* TO ${account}.`,
        ),
  );
  const select = hasAll || /[ ,]SELECT(,| ON | \()/.test(all);
  findings.push(
    select
      ? pass("select", `The account ${account} may read tables.`)
      : fail(
          "select",
          `The account ${account} may read no table: run GRANT SELECT ON *.* TO ${account}, or on each database to cache.`,
        ),
  );
  if (server.flavour === "mysql") {
    const locks = hasAll || /[ ,]LOCK TABLES(,| ON )/.test(all);
    findings.push(
      locks
        ? pass("lock tables", "Tables can be locked for the moment in which a copy begins.")
        : fail(
            "lock tables",
            `Tables cannot be locked for the moment in which a copy begins: run GRANT LOCK TABLES ON *.* TO ${account}.`,
          ),
    );
  }
  try {
    await queryRows(client, "SELECT User FROM mysql.user LIMIT 1");
    findings.push(pass("other accounts", "The privileges of other accounts can be read."));
  } catch {
    findings.push(
      pass(
        "other accounts",
        `The privileges of other accounts cannot be read, so only connections of ${account} are served from caches: run GRANT SELECT ON mysql.* TO ${account}.`,
      ),
    );
  }
  return findings;
}

/** MySQL lists what active roles give only when it is asked by their names. */
async function grants(client: Connection, server: ServerInfo): Promise<readonly string[]> {
  const roles = await queryRows(client, "SELECT CURRENT_ROLE() AS names");
  const active = roles[0]?.["names"] ?? "NONE";
  const using = server.flavour === "mysql" && active !== "NONE" && active !== "";
  const rows = await queryRows(
    client,
    using ? `SHOW GRANTS FOR CURRENT_USER() USING ${active}` : "SHOW GRANTS",
  );
  return rows.map((row) => Object.values(row)[0] ?? "");
}

async function logFindings(client: Connection, server: ServerInfo): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const get = (name: string): string => server.variables.get(name) ?? "";
  const seconds =
    Number(get("binlog_expire_logs_seconds")) || Number(get("expire_logs_days")) * 86_400;
  const never = seconds === 0 || get("binlog_expire_logs_auto_purge").toUpperCase() === "OFF";
  findings.push(
    never || seconds >= SHORT_EXPIRY_SECONDS
      ? pass(
          "expiry",
          never
            ? "Binary logs are not purged by age."
            : `Binary logs are kept for ${Math.floor(seconds / 3600)} hours.`,
        )
      : pass(
          "expiry",
          `Binary logs are kept for ${Math.floor(seconds / 60)} minutes only: after a longer stop everything is copied again; raise binlog_expire_logs_seconds.`,
        ),
  );
  try {
    await readBinaryLogs(client);
    const status = await queryRows(
      client,
      server.flavour === "mysql" && server.versionNumber >= 80_200
        ? "SHOW BINARY LOG STATUS"
        : "SHOW MASTER STATUS",
    );
    const filters = [status[0]?.["Binlog_Do_DB"] ?? "", status[0]?.["Binlog_Ignore_DB"] ?? ""];
    findings.push(
      filters.every((filter) => filter === "")
        ? pass("filters", "The binary log is not filtered by database.")
        : fail(
            "filters",
            "binlog_do_db or binlog_ignore_db leaves changes out of the binary log: remove them from the configuration and restart the server.",
          ),
    );
  } catch (error) {
    findings.push(fail("binary logs", `The binary logs cannot be listed (${messageOf(error)}).`));
  }
  return findings;
}

async function cascadeFinding(client: Connection, server: ServerInfo): Promise<Finding> {
  const check = "foreign keys";
  if (server.logsCascades) {
    return pass(check, "The effects of cascading foreign keys are in the binary log.");
  }
  const rows = await queryRows(
    client,
    `SELECT COUNT(*) AS number FROM information_schema.REFERENTIAL_CONSTRAINTS
     WHERE UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
        OR DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')`,
  );
  const number = Number(rows[0]?.["number"] ?? 0);
  return pass(
    check,
    number === 0
      ? "No foreign key changes other tables' rows."
      : `${number} foreign keys cascade, which this server does not write to its binary log: the tables that have them cannot be cached until they are RESTRICT or NO ACTION.`,
  );
}

function pass(check: string, message: string): Finding {
  return { ok: true, check, message };
}

function fail(check: string, message: string): Finding {
  return { ok: false, check, message };
}
