import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, defaultAddress, formatAddress } from "@freshet/config";
import { must } from "@freshet/util";
import { checkAddresses } from "../start/check-addresses.ts";
import { clientAddress, combinedConfigs } from "../start/configure.ts";
import { runCombined } from "../combined/run-combined.ts";
import type { DemoDatabase, DemoDatabaseOptions } from "./demo-database.ts";
import { DEMO_COUNTS, type FilmCounts } from "./film-tables.ts";
import { instructions } from "./instructions.ts";

export interface DemoOptions {
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  readonly counts?: FilmCounts;
}

/**
 * A film database in a server of our own with Freshet in front, until the signal. Everything
 * lies in temporary directories that are gone at the end, however this process ends.
 */
export async function runDemo(config: Config, options: DemoOptions): Promise<void> {
  const { signal, print } = options;
  const addresses = config.addresses ?? [defaultAddress(config.mysql ? "mysql" : "postgres")];
  // Before the work, not after it.
  await checkAddresses("--address", addresses);
  await checkAddresses("--metrics-address", [config.metricsAddress]);
  const storageDir = await mkdtemp(join(tmpdir(), "freshet-demo-"));
  let database: DemoDatabase | null = null;
  try {
    database = await startFilms(config.mysql, {
      counts: options.counts ?? DEMO_COUNTS,
      print,
      signal,
      directory: storageDir,
    });
    const films = database;
    const address = clientAddress(must(addresses[0], "there is an address"));
    const proxyUrl = urlAt(films.url, formatAddress(address));
    const configs = combinedConfigs({
      ...config,
      upstreamUrls: [films.url],
      addresses,
      storageDir,
      logLevel: quieter(config.logLevel),
    });
    const onOnline = () => print(instructions(films, proxyUrl));
    await runCombined(configs, { signal, onOnline });
  } catch (error) {
    // Whatever broke because we were told to stop is no failure.
    if (!signal.aborted) throw error;
  } finally {
    await database?.stop();
    await rm(storageDir, { recursive: true, force: true });
  }
}

async function startFilms(mysql: boolean, options: DemoDatabaseOptions): Promise<DemoDatabase> {
  if (mysql) return (await import("./mysql-films.ts")).startMysqlFilms(options);
  return (await import("./postgres-films.ts")).startPostgresFilms(options);
}

/** The demo's own lines are enough; a person who asked for more than `info` gets it. */
function quieter(level: Config["logLevel"]): Config["logLevel"] {
  return level === "info" ? "warn" : level;
}

function urlAt(url: string, address: string): string {
  return url.replace(/@[^/]*\//, `@${address}/`);
}
