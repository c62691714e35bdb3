import { readFileSync } from "node:fs";
import { OperationalError, messageOf } from "@freshet/util";
import { createConnection, type Connection, type ConnectionOptions as DriverOptions } from "mysql2";
import { UpstreamError } from "../contract.ts";
import { rawConnection } from "./raw-command.ts";

export interface ConnectionOptions {
  readonly url: string;
  /** Overrides what the URL's `ssl-mode` says; as `node:tls` takes it. */
  readonly tls?: boolean | object;
}

const CONNECT_TIMEOUT_MS = 10_000;
const END_LIMIT_MS = 1000;

/** Values of the URL's `ssl-mode` (also `sslmode`), as MySQL's own clients name them. */
const TLS_MODES: Readonly<Record<string, object | null>> = {
  disabled: null,
  disable: null,
  preferred: null,
  prefer: null,
  required: { rejectUnauthorized: false },
  require: { rejectUnauthorized: false },
  "no-verify": { rejectUnauthorized: false },
  verify_ca: { rejectUnauthorized: true },
  "verify-ca": { rejectUnauthorized: true },
  verify_identity: { rejectUnauthorized: true, verifyIdentity: true },
  "verify-full": { rejectUnauthorized: true, verifyIdentity: true },
};

/** What the sessions of ours pin: canonical text of values needs exactly these. */
export const BASE_SQL_MODE = "NO_BACKSLASH_ESCAPES";
const CANONICAL_SETTINGS = [
  "NAMES utf8mb4",
  "SESSION time_zone = '+00:00'",
  `SESSION sql_mode = '${BASE_SQL_MODE}'`,
  "SESSION wait_timeout = 2147483",
  "SESSION net_write_timeout = 3600",
  // Not DEFAULT, which is the server's global value: a copy must have all rows, however long it takes.
  "SESSION sql_select_limit = 18446744073709551615",
  "SESSION sql_big_selects = 1",
  "SESSION /*!80000 max_execution_time = */ /*M! max_statement_time = */ 0",
  // The log has generated primary keys whether they are shown or not.
  "SESSION /*!80030 show_gipk_in_create_table_and_information_schema = ON, */ autocommit = 1",
];

/**
 * A session in canonical settings. Throws OperationalError when the server cannot be reached or
 * refuses us; the message never contains the password.
 */
export async function openConnection(
  options: ConnectionOptions,
  use: "admin" | "copy" | "replication" | "poll",
  /** Default schema; that of the URL unless given, "" for none. */
  database?: string,
): Promise<Connection> {
  let client: Connection;
  try {
    client = createConnection(driverOptions(options, use, database));
  } catch (cause) {
    throw new OperationalError(`the upstream URL is not usable: ${messageOf(cause)}`, { cause });
  }
  // A lost connection is noticed by whoever uses it next; without a listener it would throw.
  client.on("error", () => undefined);
  try {
    await new Promise<void>((resolve, reject) =>
      client.connect((error) => (error === null ? resolve() : reject(error))),
    );
    for (const setting of CANONICAL_SETTINGS) await execute(client, `SET ${setting}`);
  } catch (cause) {
    destroyConnection(client);
    throw new OperationalError(`cannot connect to the upstream: ${messageOf(cause)}`, { cause });
  }
  return client;
}

/** The driver's options for this upstream URL, as every connection of ours has them. */
export function mysqlConnectionOptions(url: string): DriverOptions {
  return driverOptions({ url }, "check", undefined);
}

function driverOptions(
  options: ConnectionOptions,
  use: string,
  database: string | undefined,
): DriverOptions {
  const url = new URL(options.url);
  const mode = url.searchParams.get("ssl-mode") ?? url.searchParams.get("sslmode");
  const known = mode === null ? null : TLS_MODES[mode.toLowerCase()];
  if (known === undefined) throw new Error(`unknown ssl-mode "${mode}"`);
  const chosen =
    options.tls === undefined ? known : options.tls === true ? {} : options.tls || null;
  const ssl = chosen === null ? null : { ...tlsFiles(url.searchParams), ...chosen };
  const schema = database ?? databaseOf(options.url);
  return {
    host: decodeURIComponent(url.hostname.replace(/^\[|\]$/g, "")),
    port: url.port === "" ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ...(schema === "" ? {} : { database: schema }),
    ...(ssl === null ? {} : { ssl: ssl as NonNullable<DriverOptions["ssl"]> & object }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
    flags: ["-IGNORE_SPACE", "-LOCAL_FILES", "-CLIENT_QUERY_ATTRIBUTES", "-ODBC"],
    connectAttributes: { program_name: `freshet ${use}` },
  };
}

/** Certificates that the URL names, by MySQL's or by Postgres' names of the parameters. */
function tlsFiles(parameters: URLSearchParams): object {
  const read = (option: string, ...names: readonly string[]): object => {
    const path = names.map((name) => parameters.get(name)).find((value) => value !== null);
    return path === undefined || path === null ? {} : { [option]: readFileSync(path) };
  };
  return {
    ...read("ca", "ssl-ca", "sslrootcert"),
    ...read("cert", "ssl-cert", "sslcert"),
    ...read("key", "ssl-key", "sslkey"),
  };
}

export function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

/** Says goodbye if the server listens, and is gone after a moment in any case. */
export async function endQuietly(client: Connection): Promise<void> {
  const { stream } = rawConnection(client);
  if (!stream.destroyed) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, END_LIMIT_MS);
      const ended = () => {
        clearTimeout(timer);
        resolve();
      };
      client.once("end", ended);
      client.end(ended);
    });
  }
  destroyConnection(client);
}

/** Kills the socket at once; whoever waits for an answer gets an error. */
export function destroyConnection(client: Connection): void {
  rawConnection(client).stream.destroy();
}

/** Runs a statement whose rows nobody wants. Throws the driver's error. */
export function execute(client: Connection, text: string): Promise<void> {
  return new Promise((resolve, reject) =>
    client.query(text, (error) => (error === null ? resolve() : reject(error))),
  );
}

export interface DatabaseErrorFields {
  readonly errno: number;
  readonly sqlState: string;
  readonly message: string;
}

/** The server's own error (it has an SQLSTATE), or null for anything else. */
export function databaseError(error: unknown): DatabaseErrorFields | null {
  if (!(error instanceof Error) || !("errno" in error) || !("sqlState" in error)) return null;
  if (typeof error.errno !== "number" || typeof error.sqlState !== "string") return null;
  return error as unknown as DatabaseErrorFields;
}

export function toUpstreamError(error: unknown): unknown {
  const fields = databaseError(error);
  if (fields === null) return error;
  return new UpstreamError(fields.sqlState, fields.message, undefined, undefined, fields.errno);
}
