import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, formatAddress } from "@freshet/config";
import pg from "pg";
import { checkAddresses } from "../combined/check-addresses.ts";
import { clientAddress } from "../combined/configure.ts";
import { runCombined } from "../combined/run-combined.ts";
import { EmbeddedPostgres, freePortFrom } from "./embedded-postgres.ts";
import { DEMO_COUNTS, type FilmCounts } from "./film-tables.ts";
import { instructions } from "./instructions.ts";
import { loadFilms } from "./load-films.ts";

export interface DemoOptions {
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  readonly counts?: FilmCounts;
}

const DATABASE = "films";
const FIRST_PORT = 5434;

/**
 * A film database in an embedded Postgres with Freshet in front, until the signal. Everything
 * lies in temporary directories that are gone at the end, however this process ends.
 */
export async function runDemo(config: Config, options: DemoOptions): Promise<void> {
  const { signal, print } = options;
  // Before the work, not after it.
  await checkAddresses("--address", config.addresses);
  await checkAddresses("--metrics-address", [config.metricsAddress]);
  const storageDir = await mkdtemp(join(tmpdir(), "freshet-demo-"));
  let server: EmbeddedPostgres | null = null;
  try {
    print("starting Postgres 18");
    server = await EmbeddedPostgres.start({
      major: 18,
      port: await freePortFrom(FIRST_PORT),
      settings: { max_wal_size: "2GB", shared_buffers: "256MB" },
      removeWhenKilled: [storageDir],
    });
    signal.throwIfAborted();
    await query(server.url(), `CREATE DATABASE ${DATABASE}`);
    const upstreamUrl = server.url(DATABASE);
    await loadFilms({ url: upstreamUrl, counts: options.counts ?? DEMO_COUNTS, print, signal });
    const film = await filmToChange(upstreamUrl);
    const proxyUrl = urlAt(upstreamUrl, formatAddress(clientAddress(config.addresses)));
    await runCombined(
      { ...config, upstreamUrl, storageDir, logLevel: quieter(config.logLevel) },
      { signal, onOnline: () => print(instructions({ proxyUrl, upstreamUrl, film })) },
    );
  } catch (error) {
    // Whatever broke because we were told to stop is no failure.
    if (!signal.aborted) throw error;
  } finally {
    await server?.stop();
    await rm(storageDir, { recursive: true, force: true });
  }
}

/** The demo's own lines are enough; a person who asked for more than `info` gets it. */
function quieter(level: Config["logLevel"]): Config["logLevel"] {
  return level === "info" ? "warn" : level;
}

function urlAt(url: string, address: string): string {
  return url.replace(/@[^/]*\//, `@${address}/`);
}

async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A film in the middle of the list that the instructions show. */
async function filmToChange(url: string): Promise<{ id: number; name: string }> {
  const rows = await query<{ id: number; name: string }>(
    url,
    `SELECT t.id, t.name FROM title t JOIN rating r ON r.title_id = t.id
     WHERE t.year = 1999 AND r.votes >= 1000 ORDER BY r.score DESC, t.id LIMIT 1 OFFSET 4`,
  );
  return rows[0] ?? { id: 1, name: "" };
}
