import pg from "pg";

/** A connection for as long as `use` runs. */
export async function withClient<T>(
  connectionString: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString });
  // A cut connection also fails the query that runs; nothing else listens.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The last statement's rows. */
export async function query(url: string, ...statements: string[]): Promise<pg.QueryResultRow[]> {
  return withClient(url, async (client) => {
    let rows: pg.QueryResultRow[] = [];
    for (const text of statements) rows = (await client.query<pg.QueryResultRow>(text)).rows;
    return rows;
  });
}
