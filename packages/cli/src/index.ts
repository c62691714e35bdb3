export { type AdapterDialect, type Listener, adapterDialect } from "./threads/adapter-dialects.ts";
export {
  type CombinedConfig,
  type ThreadPlan,
  combinedConfigs,
  planThreads,
} from "./start/configure.ts";
export { type RunOptions, runCombined } from "./combined/run-combined.ts";
export { Supervisor, type SupervisorOptions } from "./threads/supervisor.ts";
export { EmbeddedPostgres, type EmbeddedPostgresOptions } from "./demo/embedded-postgres.ts";
export { DEMO_COUNTS, type FilmCounts, filmTables } from "./demo/film-tables.ts";
export { loadMysqlFilms } from "./demo/load-mysql-films.ts";
export { loadPostgresFilms } from "./demo/load-postgres-films.ts";
