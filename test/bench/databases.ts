import { EmbeddedPostgres, loadPostgresFilms } from "@freshet/cli";
import type { Need } from "./bench.ts";
import type { BenchOptions } from "./options.ts";
import type { Cleanup } from "./tools/cleanup.ts";
import { initialise } from "./tools/pgbench.ts";
import { query } from "./tools/sql.ts";

const DATABASE = "bench";
export const PEOPLE_A_TITLE = 0.75;

export interface Upstream {
  readonly url: string;
  readonly port: number;
  readonly database: string;
  readonly version: string;
}

/** A Postgres of our own with the tables that the scenarios need. */
export async function startUpstream(
  cleanup: Cleanup,
  options: BenchOptions,
  needs: ReadonlySet<Need>,
  say: (line: string) => void,
): Promise<Upstream> {
  const server = await EmbeddedPostgres.start({
    major: 18,
    settings: { max_wal_size: "4GB", shared_buffers: "512MB" },
  });
  cleanup.add(() => server.stop());
  await query(server.url(), `CREATE DATABASE ${DATABASE}`);
  const url = server.url(DATABASE);
  if (needs.has("pgbench")) {
    say(`filling pgbench's tables, scale ${options.scale}`);
    await initialise({ port: server.port, database: DATABASE }, options.scale);
  }
  if (needs.has("films")) {
    say(`loading ${options.titles.toLocaleString("en")} films`);
    const counts = { titles: options.titles, people: Math.ceil(options.titles * PEOPLE_A_TITLE) };
    const { signal } = new AbortController();
    await loadPostgresFilms({ url, counts, print: () => undefined, signal });
  }
  await query(url, "VACUUM ANALYZE", "CHECKPOINT");
  const rows = await query(url, "SHOW server_version");
  const { server_version: version } = rows[0] as { server_version: string };
  return { url, port: server.port, database: DATABASE, version };
}
