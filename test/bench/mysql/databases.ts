import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { loadMysqlFilms } from "@freshet/cli";
import { mysqlQuery } from "../../support/mysql-database.ts";
import type { Need } from "../bench.ts";
import { PEOPLE_A_TITLE, type Upstream } from "../databases.ts";
import type { BenchOptions } from "../options.ts";
import type { Cleanup } from "../tools/cleanup.ts";
import { prepare } from "./sysbench.ts";

const DATABASE = "bench";
export const ROWS_A_SCALE = 100_000;

/** A MySQL or MariaDB of our own with the tables that the scenarios need. */
export async function startMysqlUpstream(
  cleanup: Cleanup,
  options: BenchOptions,
  needs: ReadonlySet<Need>,
  say: (line: string) => void,
): Promise<Upstream> {
  const flavour = options.upstream === "mariadb" ? "mariadb" : "mysql";
  const redo = flavour === "mysql" ? "innodb_redo_log_capacity" : "innodb_log_file_size";
  const server = await EmbeddedMysql.start({
    flavour,
    settings: { innodb_buffer_pool_size: "1G", [redo]: "1G" },
  });
  cleanup.add(() => server.stop());
  await mysqlQuery(server.url(), `CREATE DATABASE ${DATABASE}`);
  const url = server.url(DATABASE);
  if (needs.has("sysbench")) {
    say(`filling sysbench's table, scale ${options.scale}`);
    await prepare({ port: server.port, database: DATABASE }, options.scale * ROWS_A_SCALE);
  }
  if (needs.has("films")) {
    say(`loading ${options.titles.toLocaleString("en")} films`);
    const counts = { titles: options.titles, people: Math.ceil(options.titles * PEOPLE_A_TITLE) };
    const { signal } = new AbortController();
    const directory = await mkdtemp(join(tmpdir(), "freshet-bench-films-"));
    cleanup.add(() => rm(directory, { recursive: true, force: true }));
    await loadMysqlFilms({ url, counts, print: () => undefined, signal, directory });
  }
  return { url, port: server.port, database: DATABASE, version: server.version };
}
