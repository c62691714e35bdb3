import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { type LoadOptions, batches } from "./film-batches.ts";
import { type FilmTable, filmTables } from "./film-tables.ts";

const TABLES = `
  CREATE TABLE title (
    id integer NOT NULL, kind text NOT NULL, name text NOT NULL, year integer NOT NULL,
    runtime integer);
  CREATE TABLE rating (title_id integer NOT NULL, votes integer NOT NULL, score numeric(3,1) NOT NULL);
  CREATE TABLE person (id integer NOT NULL, name text NOT NULL, born integer);
  CREATE TABLE title_genre (title_id integer NOT NULL, genre text NOT NULL);
  CREATE TABLE role (
    title_id integer NOT NULL, person_id integer NOT NULL, job text NOT NULL, character text);
`;

/** Built after the rows are there, in two connections, because that is much faster. */
const INDEXES: readonly (readonly string[])[] = [
  [
    "ALTER TABLE title ADD PRIMARY KEY (id)",
    "CREATE INDEX ON title (year)",
    "ALTER TABLE rating ADD PRIMARY KEY (title_id)",
    "ALTER TABLE title_genre ADD PRIMARY KEY (title_id, genre)",
    "CREATE INDEX ON title_genre (genre)",
  ],
  [
    "ALTER TABLE person ADD PRIMARY KEY (id)",
    "ALTER TABLE role ADD PRIMARY KEY (title_id, person_id, job)",
    "CREATE INDEX ON role (person_id)",
  ],
];

const FOREIGN_KEYS = `
  ALTER TABLE rating ADD FOREIGN KEY (title_id) REFERENCES title;
  ALTER TABLE title_genre ADD FOREIGN KEY (title_id) REFERENCES title;
  ALTER TABLE role ADD FOREIGN KEY (title_id) REFERENCES title;
  ALTER TABLE role ADD FOREIGN KEY (person_id) REFERENCES person;
  ANALYZE;
`;

/** Creates and fills the film tables. Stops with the signal's reason when it aborts. */
export async function loadPostgresFilms(options: LoadOptions): Promise<void> {
  await withClient(options, (client) => client.query(TABLES));
  const tables = filmTables(options.counts);
  const half = new Set(["title", "rating"]);
  await Promise.all([
    loadTables(
      options,
      tables.filter((table) => half.has(table.name)),
    ),
    loadTables(
      options,
      tables.filter((table) => !half.has(table.name)),
    ),
  ]);
  options.print("building indexes");
  await Promise.all(
    INDEXES.map((statements) =>
      withClient(options, async (client) => {
        await client.query("SET maintenance_work_mem = '128MB'");
        for (const statement of statements) await client.query(statement);
      }),
    ),
  );
  await withClient(options, (client) => client.query(FOREIGN_KEYS));
}

async function loadTables(options: LoadOptions, tables: readonly FilmTable[]): Promise<void> {
  await withClient(options, async (client) => {
    for (const table of tables) {
      const sql = `COPY ${table.name} (${table.columns.join(", ")}) FROM STDIN`;
      const copy = client.query(copyFrom(sql));
      await pipeline(Readable.from(batches(table, options.print)), copy, {
        signal: options.signal,
      });
    }
  });
}

async function withClient<T>(
  options: LoadOptions,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  options.signal.throwIfAborted();
  const client = new pg.Client({ connectionString: options.url });
  // A cut connection also fails the query that runs; nothing else listens.
  client.on("error", () => undefined);
  await client.connect();
  const abort = (): void => void client.end().catch(() => undefined);
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    return await use(client);
  } finally {
    options.signal.removeEventListener("abort", abort);
    await client.end();
  }
}
