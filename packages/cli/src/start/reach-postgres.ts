import { redact } from "@freshet/config";
import { ConfigurationError, messageOf } from "@freshet/util";
import pg from "pg";

const CONNECT_LIMIT_MS = 10_000;
const OLDEST_VERSION = 13;

/** Is there a Postgres that can be followed? See `awaitUpstream`. */
export async function reachPostgres(url: string): Promise<Error | null> {
  let client: pg.Client;
  try {
    client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS });
  } catch (cause) {
    return new ConfigurationError(`--upstream-db-url cannot be used: ${messageOf(cause)}.`, {
      cause,
    });
  }
  // A connection that breaks also fails what waits for it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; wal_level: string }>(
      "SELECT current_setting('server_version_num') AS version, current_setting('wal_level') AS wal_level",
    );
    const row = rows[0] ?? { version: "0", wal_level: "unknown" };
    return unsuitable(Math.floor(Number(row.version) / 10_000), row.wal_level);
  } catch (error) {
    return explain(error, url);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function unsuitable(version: number, walLevel: string): ConfigurationError | null {
  if (version < OLDEST_VERSION) {
    return new ConfigurationError(
      `The upstream is Postgres ${version}, and Freshet follows ${OLDEST_VERSION} and newer: upgrade the database.`,
    );
  }
  if (walLevel !== "logical") {
    return new ConfigurationError(
      `The upstream's wal_level is ${walLevel}: set wal_level = logical (on RDS, rds.logical_replication = 1) and restart the database.`,
    );
  }
  return null;
}

function explain(error: unknown, url: string): Error {
  const { code } = error as { code?: unknown };
  const message = redact(messageOf(error));
  const user = new URL(url).username;
  switch (code) {
    case "28P01":
    case "28000":
      return new ConfigurationError(
        `The upstream refuses user ${user} (${message}): correct the user or password in --upstream-db-url.`,
        { cause: error },
      );
    case "3D000":
      return new ConfigurationError(
        `The upstream has no such database (${message}): correct the name in --upstream-db-url.`,
        { cause: error },
      );
    default:
  }
  if (/certificate|does not support SSL|self.signed/i.test(message)) {
    return new ConfigurationError(
      `No TLS connection to the upstream (${message}): see --ssl-root-cert, --disable-upstream-ssl-verification and sslmode in --upstream-db-url.`,
      { cause: error },
    );
  }
  return error instanceof Error ? error : new Error(message);
}
