import { bind, close, execute, parse, SYNC } from "@freshet/pg-wire";

/**
 * What changes a text's meaning or an answer's bytes and is not reported by the server; read by
 * one hidden extended-protocol statement that leaves nothing behind. Named, so that the
 * client's unnamed statement and portal survive it.
 */
export interface HiddenSettings {
  /** `current_schemas(true)`, an array's text: the resolved search path. Byte string. */
  readonly schemas: string;
  /** `current_user`. Byte string. */
  readonly role: string;
  readonly extraFloatDigits: string;
  readonly byteaOutput: string;
  readonly isolation: string;
  readonly defaultIsolation: string;
  readonly database: string;
  /**
   * A WAL position at or after the end of every commit of this session, in the engine's form:
   * 16 upper-case hexadecimal digits, which sort as positions do (`0/1A2B` does not).
   */
  readonly position: string;
}

const NAME = "_freshet_probe";

// Everything is qualified: the session's search path may hold anything.
const setting = (name: string) => `pg_catalog.current_setting('${name}')`;
const TEXT = [
  "SELECT pg_catalog.current_schemas(true)::pg_catalog.text",
  "current_user::pg_catalog.text",
  setting("extra_float_digits"),
  setting("bytea_output"),
  setting("transaction_isolation"),
  setting("default_transaction_isolation"),
  "pg_catalog.current_database()::pg_catalog.text",
  // An asynchronous commit is not flushed yet when it returns; its record is inserted.
  `(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
     WHEN ${setting("synchronous_commit")} OPERATOR(pg_catalog.=) 'off'
       THEN pg_catalog.pg_current_wal_insert_lsn()
     ELSE pg_catalog.pg_current_wal_flush_lsn() END)::pg_catalog.text`,
].join(", ");

/** Parse, Bind, Execute, Close, Close, Sync. */
export const PROBE_REQUEST = Buffer.concat([
  parse(NAME, TEXT),
  bind(NAME, NAME),
  execute(NAME),
  close("P", NAME),
  close("S", NAME),
  SYNC,
]);

/** From the probe's one row; null when it is not what we asked for. */
export function parseProbe(row: readonly (string | null)[] | null): HiddenSettings | null {
  if (row?.length !== 8 || row.some((value) => value === null)) return null;
  const [
    schemas,
    role,
    extraFloatDigits,
    byteaOutput,
    isolation,
    defaultIsolation,
    database,
    position,
  ] = row as readonly string[] as [string, string, string, string, string, string, string, string];
  return {
    schemas,
    role,
    extraFloatDigits,
    byteaOutput,
    isolation,
    defaultIsolation,
    database,
    position: enginePosition(position),
  };
}

/** From the server's `X/Y` notation. */
function enginePosition(lsn: string): string {
  const [high = "", low = ""] = lsn.split("/");
  return `${high.padStart(8, "0")}${low.padStart(8, "0")}`.toUpperCase();
}
