import pg from "pg";

export type Row = Record<string, unknown>;

/** Every value as the text that was sent, so that answers compare byte for byte. */
const asText: pg.CustomTypesConfig = { getTypeParser: () => (value: unknown) => value };

/** A client whose lost connection fails its statements, not the test's process. */
export async function connect(url: string, options: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ...options });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Runs the statements in order in one connection; the last one's rows, values as sent. */
export async function query(url: string, ...statements: readonly string[]): Promise<Row[]> {
  const client = await connect(url);
  try {
    let rows: Row[] = [];
    for (const text of statements) rows = await rowsOf(client, text);
    return rows;
  } finally {
    await client.end();
  }
}

export async function rowsOf(
  client: pg.Client,
  text: string,
  values?: readonly unknown[],
): Promise<Row[]> {
  const config = { text, types: asText };
  const result = await client.query<Row>(
    values === undefined ? config : { ...config, values: [...values] },
  );
  return result.rows;
}

/** The rows, or the error's SQLSTATE and message: what a client can observe of a statement. */
export async function outcome(
  client: pg.Client,
  text: string,
  values?: readonly unknown[],
): Promise<Row[] | string> {
  try {
    return await rowsOf(client, text, values);
  } catch (error) {
    if (error instanceof pg.DatabaseError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** Where Freshet answered the session's last statement from: `freshet…`, `upstream` or `none`. */
export async function lastDestination(client: pg.Client): Promise<string> {
  const [row] = await rowsOf(client, "EXPLAIN LAST STATEMENT");
  return String(Object.values(row ?? {})[0]);
}

export async function lastReason(client: pg.Client): Promise<string> {
  const [row] = await rowsOf(client, "EXPLAIN LAST STATEMENT");
  return Object.values(row ?? {}).join(": ");
}
