import mysql, { type FieldPacket } from "mysql2/promise";

/** A row's values as the text that was sent, null for NULL; binary columns as latin1. */
export type MysqlRow = readonly (string | null)[];

export interface MysqlResult {
  readonly rows: readonly MysqlRow[];
  readonly fields: readonly FieldPacket[];
}

export type MysqlClient = mysql.Connection;

/** A client whose lost connection fails its statements, not the test's process. */
export async function mysqlConnect(
  url: string,
  options: mysql.ConnectionOptions = {},
): Promise<MysqlClient> {
  const client = await mysql.createConnection({ uri: url, ...AS_TEXT, ...options });
  client.on("error", () => undefined);
  return client;
}

/** Every value as the bytes that were sent, so that answers compare byte for byte. */
const AS_TEXT: mysql.ConnectionOptions = {
  rowsAsArray: true,
  supportBigNumbers: true,
  bigNumberStrings: true,
  dateStrings: true,
  jsonStrings: true,
};

const RAW: mysql.TypeCast = (field) => {
  const bytes = field.buffer();
  return bytes === null ? null : bytes.toString(field.type === "BIT" ? "latin1" : "utf8");
};

export async function mysqlRows(client: MysqlClient, text: string): Promise<readonly MysqlRow[]> {
  const [rows] = await client.query({ sql: text, typeCast: RAW });
  return Array.isArray(rows) ? (rows as unknown as MysqlRow[]) : [];
}

/** Through a prepared statement; numbers as such where they fit. */
export async function mysqlExecuted(
  client: MysqlClient,
  text: string,
  values: readonly (string | number | bigint | Buffer | null)[],
): Promise<readonly MysqlRow[]> {
  const [rows] = await client.execute({ sql: text, values: [...values] });
  return Array.isArray(rows) ? (rows as unknown as MysqlRow[]) : [];
}

/** Runs the statements in order in one connection; the last one's rows. */
export async function mysqlQuery(
  url: string,
  ...statements: readonly string[]
): Promise<readonly MysqlRow[]> {
  const client = await mysqlConnect(url);
  try {
    let rows: readonly MysqlRow[] = [];
    for (const text of statements) rows = await mysqlRows(client, text);
    return rows;
  } finally {
    await client.end();
  }
}

/** The rows, or the error's number and message: what a client can observe of a statement. */
export async function mysqlOutcome(
  client: MysqlClient,
  text: string,
): Promise<readonly MysqlRow[] | string> {
  try {
    return await mysqlRows(client, text);
  } catch (error) {
    const { errno, sqlMessage } = error as { errno?: number; sqlMessage?: string };
    if (sqlMessage === undefined) throw error;
    return `${errno}: ${sqlMessage}`;
  }
}

/** Where Freshet answered the session's last statement from: `freshet…`, `upstream` or `none`. */
export async function mysqlLastDestination(client: MysqlClient): Promise<string> {
  const [row] = await mysqlRows(client, "EXPLAIN LAST STATEMENT");
  return String(row?.[0]);
}

export async function mysqlLastReason(client: MysqlClient): Promise<string> {
  const [row] = await mysqlRows(client, "EXPLAIN LAST STATEMENT");
  return (row ?? []).join(": ");
}
