import { redact } from "@freshet/config";
import { type Clock, ConfigurationError, type Logger, messageOf, systemClock } from "@freshet/util";
import pg from "pg";

export interface AwaitUpstreamOptions {
  readonly url: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

const RETRY_MS = 1_000;
const SAY_EVERY_MS = 5_000;
const CONNECT_LIMIT_MS = 10_000;
const OLDEST_VERSION = 13;

/**
 * Resolves when the upstream was reached once and can be followed. While it cannot be reached
 * this waits and says so; what only a person can mend is a ConfigurationError.
 */
export async function awaitUpstream(options: AwaitUpstreamOptions): Promise<void> {
  const clock = options.clock ?? systemClock;
  let saidMs = Number.NEGATIVE_INFINITY;
  while (!options.signal.aborted) {
    const problem = await tryUpstream(options.url);
    if (problem === null) return;
    if (problem instanceof ConfigurationError) throw problem;
    if (clock.monotonicMs() - saidMs >= SAY_EVERY_MS) {
      saidMs = clock.monotonicMs();
      options.logger.warn({}, `waiting for the upstream: ${messageOf(problem)}`);
    }
    await clock.wait(RETRY_MS, options.signal);
  }
}

async function tryUpstream(url: string): Promise<Error | null> {
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
