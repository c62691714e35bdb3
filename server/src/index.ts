import { Engine } from "./engine/engine.ts";
import type { EngineOptions } from "./engine/engine-options.ts";

export { Engine } from "./engine/engine.ts";
export type {
  EngineOptions,
  EngineStatus,
  MembersView,
  SharedDocuments,
} from "./engine/engine-options.ts";
export type { DocumentPort } from "./controller/shared-state.ts";
export type { BackupOptions, BackupStatus } from "./backup/backup-keeper.ts";
export { openLocation } from "./backup/location.ts";
export { type EngineMetrics } from "./engine/metrics.ts";
export { type Finding, type UpstreamReplica } from "./replication/contract.ts";
export { localFiles, type LocalFiles } from "./local-files.ts";
export { dialectOf } from "./dialects.ts";
export { mysqlConnectionOptions } from "./replication/mysql/connection.ts";
export { PRODUCT_VERSION } from "./version.ts";

/** Opens the storage and follows the upstream; see `Engine`. */
export function startEngine(options: EngineOptions): Promise<Engine> {
  return Engine.start(options);
}
