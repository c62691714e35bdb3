import { OperationalError, messageOf } from "@freshet/util";
import pg from "pg";
import { UpstreamError } from "../contract.ts";

export interface ConnectionOptions {
  readonly url: string;
  /** Overrides what the URL's `sslmode` says; as `node:tls` takes it. */
  readonly tls?: boolean | object;
}

/** Canonical text of values (see `TextCodec`) needs exactly these. */
const CANONICAL_SETTINGS =
  "SET client_encoding TO 'UTF8'; SET DateStyle TO 'ISO, MDY'; SET TimeZone TO 'UTC'; " +
  "SET IntervalStyle TO 'postgres'; SET extra_float_digits TO 1; SET bytea_output TO 'hex'; " +
  "SET statement_timeout TO 0; SET lock_timeout TO 0; SET row_security TO off; " +
  "SET standard_conforming_strings TO on; SET search_path TO pg_catalog";

const CONNECT_TIMEOUT_MS = 10_000;

/** Values arrive as the server's text: the driver's own conversions lose precision. */
const RAW_TYPES = { getTypeParser: () => (value: string) => value };

/**
 * A session in canonical settings. Throws OperationalError when the server cannot be reached or
 * refuses us; the message never contains the password.
 */
export async function openConnection(
  options: ConnectionOptions,
  use: "admin" | "copy" | "replication" | "poll",
  /** After so long without an answer the peer is taken for dead, and the query fails. */
  queryTimeoutMs?: number,
): Promise<pg.Client> {
  const config = {
    connectionString: options.url,
    application_name: `freshet ${use}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    ...(queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }),
    types: RAW_TYPES,
    ...(options.tls === undefined ? {} : { ssl: options.tls }),
    ...(use === "replication" ? { replication: "database" } : {}),
  };
  let client: pg.Client;
  try {
    client = new pg.Client(config as pg.ClientConfig);
  } catch (cause) {
    throw new OperationalError(`the upstream URL is not usable: ${messageOf(cause)}`, { cause });
  }
  // A lost connection is noticed by whoever uses it next; without a listener it would throw.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(CANONICAL_SETTINGS);
    if (use === "copy") await client.query("SET idle_in_transaction_session_timeout TO 0");
  } catch (cause) {
    await endQuietly(client);
    throw new OperationalError(`cannot connect to the upstream: ${messageOf(cause)}`, { cause });
  }
  return client;
}

export async function endQuietly(client: pg.Client): Promise<void> {
  try {
    await client.end();
  } catch {
    // Already gone.
  }
}

/** Kills the socket at once: for a session in the middle of COPY that nobody reads any more. */
export function destroyConnection(client: pg.Client): void {
  const { connection } = rawConnection(client);
  connection._ending = true;
  connection.stream.destroy();
}

/** What we use of the driver's low-level connection. */
export interface RawConnection {
  readonly stream: {
    pause(): unknown;
    resume(): unknown;
    destroy(): unknown;
    readonly writable: boolean;
    readonly destroyed: boolean;
  };
  _ending: boolean;
  parse(message: { name: string; text: string; types: readonly number[] }): void;
  describe(message: { type: "S" | "P"; name: string }): void;
  sync(): void;
  query(text: string): void;
  sendCopyFromChunk(bytes: Buffer): void;
  on(event: string, listener: (message: never) => void): unknown;
  removeListener(event: string, listener: (message: never) => void): unknown;
}

export function rawConnection(client: pg.Client): { readonly connection: RawConnection } {
  return client as unknown as { connection: RawConnection };
}

export interface DatabaseErrorFields {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** The server's own error (it has an SQLSTATE), or null for anything else. */
export function databaseError(error: unknown): DatabaseErrorFields | null {
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return null;
  return typeof error.code === "string" ? (error as unknown as DatabaseErrorFields) : null;
}

export function toUpstreamError(error: unknown): unknown {
  const fields = databaseError(error);
  if (fields === null) return error;
  return new UpstreamError(fields.code, fields.message, fields.detail, fields.hint);
}
