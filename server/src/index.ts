import { Engine, type EngineOptions } from "./engine/engine.ts";

export { Engine, type EngineOptions, type EngineStatus } from "./engine/engine.ts";
export { type EngineMetrics } from "./engine/metrics.ts";
export { type Finding } from "./replication/contract.ts";
export { localFiles, type LocalFiles } from "./local-files.ts";
export { dialectOf } from "./dialects.ts";
export { mysqlConnectionOptions } from "./replication/mysql/connection.ts";
export { PRODUCT_VERSION } from "./version.ts";

/** Opens the storage and follows the upstream; see `Engine`. */
export function startEngine(options: EngineOptions): Promise<Engine> {
  return Engine.start(options);
}
