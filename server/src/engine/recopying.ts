import type { TableId } from "@freshet/types";
import { type Logger, messageOf, OperationalError } from "@freshet/util";
import type { CacheRegistry } from "../controller/cache-registry.ts";
import type { ProxiedQueries } from "../controller/proxied-queries.ts";
import type { Upstream } from "../replication/contract.ts";
import type { BaseTables } from "./base-tables.ts";
import type { CacheRebuilder } from "./cache-rebuilder.ts";
import type { Divergence } from "./change-applier.ts";
import type { CommitLoop } from "./commit-loop.ts";
import type { EngineMetrics } from "./metrics.ts";

export interface RecopyingOptions {
  readonly upstream: Upstream;
  readonly tables: BaseTables;
  readonly registry: CacheRegistry;
  readonly rebuilder: CacheRebuilder;
  readonly proxied: ProxiedQueries;
  readonly metrics: EngineMetrics;
  readonly loop: () => CommitLoop;
  /** A copy was wrong, or is taken for it: so is every backup of it. */
  readonly onSuspect: () => void;
  /** Aborted when the engine ends. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Copies that are of no use any more: their caches go out of service first, always. */
export class Recopying {
  readonly #options: RecopyingOptions;

  constructor(options: RecopyingOptions) {
    this.#options = options;
  }

  /** Of the upstream's tables; "all": any may have. */
  schemaChanged(tables: readonly TableId[] | "all"): void {
    const { metrics, proxied, tables: held } = this.#options;
    metrics.schemaChanged();
    proxied.forgetSupport();
    const affected = tables === "all" ? held.ids() : tables;
    this.#recopy(new Set(affected), "the table's definition changed");
  }

  /** Copy and stream disagree. */
  diverged(divergences: readonly Divergence[]): void {
    for (const { table, reason } of divergences) {
      this.#options.logger.error(
        { table, reason },
        "the local copy diverged; copying the table again",
      );
    }
    this.#options.onSuspect();
    this.#recopy(new Set(divergences.map(({ table }) => table)), divergences[0]!.reason);
  }

  #recopy(tables: ReadonlySet<TableId>, reason: string): void {
    this.#options.registry.suspend(tables, reason);
    for (const id of tables) this.#options.tables.forget(id);
    void this.#options.rebuilder.now();
  }

  async resnapshot(table: string, scopeIdentity: string): Promise<void> {
    const { upstream, tables, registry, rebuilder } = this.#options;
    const catalog = await upstream.catalog(scopeIdentity);
    const parts = table.split(".");
    const name = parts.pop()!;
    const found = catalog.table(parts[0] ?? null, name);
    if ("refused" in found) throw new OperationalError(found.refused);
    if (tables.schema(found.id) === null) {
      throw new OperationalError(`no cache reads table "${table}", so there is no copy of it`);
    }
    this.#options.onSuspect();
    registry.suspend(new Set([found.id]), "the table is being copied again");
    tables.forget(found.id);
    await rebuilder.now();
    if (!tables.isOnline(found)) {
      throw new OperationalError(`copying table "${table}" failed; it is tried again`);
    }
  }

  /** Other tables than before may be copied: those taken out go, with the caches that read them. */
  filterChanged(): void {
    this.#options.proxied.forgetSupport();
    this.#options.registry.suspendRefused();
    this.dropUnused();
  }

  /** The copies of tables that no cache reads any more. */
  dropUnused(): void {
    const { upstream, tables, registry, loop, signal, logger } = this.#options;
    if (signal.aborted) return;
    const unused = registry.unusedTables();
    if (unused.length === 0) return;
    for (const id of unused) tables.forget(id);
    loop().refreshSnapshot();
    upstream.removeTables(unused).catch((error: unknown) => {
      logger.warn({ error: messageOf(error) }, "tables could not leave the publication");
    });
  }
}
