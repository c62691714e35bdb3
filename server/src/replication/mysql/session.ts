import type { Connection } from "mysql2";
import { ExclusiveSession, type SessionDriver } from "../exclusive-session.ts";
import { type ConnectionOptions, databaseError, endQuietly, openConnection } from "./connection.ts";

export type TextRow = Readonly<Record<string, string | null>>;
export type Session = ExclusiveSession<Connection>;

/** The server ends the session: shutdown, killed, idle too long. */
const ENDING_ERRORS: ReadonlySet<number> = new Set([1053, 1077, 1080, 1927, 3169, 4031]);

/** `database`: default schema; that of the URL unless given, "" for none. */
export function openSession(
  options: ConnectionOptions,
  use: "admin" | "poll",
  database?: string,
): Session {
  const driver: SessionDriver<Connection> = {
    open: () => openConnection(options, use, database),
    end: endQuietly,
    onEnd: (client, gone) => {
      client.once("end", gone);
      client.once("error", gone);
    },
    isLost(error) {
      const fields = databaseError(error);
      if (fields !== null) return ENDING_ERRORS.has(fields.errno);
      // The driver's own failures are plain errors; ours have names.
      return error instanceof Error && error.name === "Error";
    },
  };
  return new ExclusiveSession(driver);
}

/** A partitioned network must not block us for ever, and reads may wait for the answer. */
const QUERY_TIMEOUT_MS = 15_000;

/** All values as the server's text, by column name. `?` are replaced by literals. */
export function queryRows(
  client: Connection,
  text: string,
  values: readonly (string | number | readonly (string | number)[])[] = [],
): Promise<readonly TextRow[]> {
  const sql = substitute(text, values);
  return new Promise((resolve, reject) => {
    client.query(
      { sql, timeout: QUERY_TIMEOUT_MS, typeCast: (field) => field.string("utf8") },
      (error, rows) => {
        if (error === null) resolve(rows as unknown as TextRow[]);
        else reject(error);
      },
    );
  });
}

function substitute(
  text: string,
  values: readonly (string | number | readonly (string | number)[])[],
): string {
  let next = 0;
  return text.replace(/\?/g, () => {
    const value = values[next++] ?? "";
    if (typeof value === "object") return value.map(literal).join(", ") || "NULL";
    return literal(value);
  });
}

/** Hexadecimal, so that no sql_mode and no character set changes what it is. */
function literal(value: string | number): string {
  if (typeof value === "number") return String(value);
  if (value === "") return "''";
  return `CONVERT(X'${Buffer.from(value, "utf8").toString("hex")}' USING utf8mb4)`;
}

export async function runRows(
  session: Session,
  text: string,
  values: readonly (string | number | readonly (string | number)[])[] = [],
): Promise<readonly TextRow[]> {
  return session.run((client) => queryRows(client, text, values));
}
