import pg from "pg";
import {
  type DemoDatabase,
  type DemoDatabaseOptions,
  FILM_TO_CHANGE,
  FIRST_DEMO_PORT,
  type Film,
  NO_FILM,
} from "./demo-database.ts";
import { freePortFrom } from "./child-server.ts";
import { EmbeddedPostgres } from "./embedded-postgres.ts";
import { loadPostgresFilms } from "./load-postgres-films.ts";

const DATABASE = "films";

/** Postgres with the film data. */
export async function startPostgresFilms(options: DemoDatabaseOptions): Promise<DemoDatabase> {
  options.print("starting Postgres 18");
  const server = await EmbeddedPostgres.start({
    major: 18,
    port: await freePortFrom(FIRST_DEMO_PORT),
    settings: { max_wal_size: "2GB", shared_buffers: "256MB" },
    removeWhenKilled: [options.directory],
  });
  try {
    options.signal.throwIfAborted();
    await query(server.url(), `CREATE DATABASE ${DATABASE}`);
    const url = server.url(DATABASE);
    await loadPostgresFilms({ ...options, url });
    const [film = NO_FILM] = await query<Film>(url, FILM_TO_CHANGE);
    return {
      url,
      film,
      client: (at) => `psql "${at}"`,
      run: (at, statement) => `psql "${at}" -c "${statement}"`,
      timing: "Worth trying there, with \\timing on:",
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function query<T>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}
