import type { Store } from "@freshet/storage";
import type { Logger } from "@freshet/util";
import { continueRestored } from "../backup/restored.ts";
import type { CacheRegistry } from "../controller/cache-registry.ts";
import type { TableFilter } from "../controller/table-filter.ts";
import type { Upstream, UpstreamIdentity } from "../replication/contract.ts";
import type { BaseTables } from "./base-tables.ts";
import type { CommitLoop } from "./commit-loop.ts";
import { identityProblem, readOwner, writeOwner } from "./ownership.ts";

export interface LocalCopyOptions {
  readonly store: Store;
  readonly upstream: Upstream;
  readonly tables: BaseTables;
  readonly registry: CacheRegistry;
  readonly filter: TableFilter;
  readonly loop: () => CommitLoop;
  readonly logger: Logger;
  /** All that was there is gone. */
  readonly onReset: () => void;
}

/** What an earlier connection, or an earlier run, copied: continued, or thrown away. */
export class LocalCopy {
  readonly #options: LocalCopyOptions;
  /** The tables of an earlier run have been taken over, and the stream has been caught up with. */
  recovered = false;

  constructor(options: LocalCopyOptions) {
    this.#options = options;
  }

  /** Before the upstream connects: what came from a backup, see `continueRestored`. */
  continueRestored(signal: AbortSignal): Promise<void> {
    const { store, upstream, logger } = this.#options;
    const reset = (reason: string) => this.#reset(reason);
    return continueRestored({ store, backups: upstream.backups, logger, reset, signal });
  }

  /** Decides whether the local copy continues or is worthless; never guesses. */
  reconcile(identity: UpstreamIdentity): void {
    const { store, upstream, logger } = this.#options;
    const problem = identityProblem(readOwner(store), identity, store, (left, right) =>
      upstream.compare(left, right),
    );
    if (problem !== null) {
      logger.warn({ reason: problem }, "the local copy cannot be continued; copying again");
      this.#reset(problem);
    } else if (!this.recovered) {
      this.#adoptTables();
    }
    writeOwner(store, identity);
  }

  #adoptTables(): void {
    const { store, tables, filter, loop } = this.#options;
    for (const { schema, state, rows } of store.tables()) {
      // Somebody wanted it before we were connected: it is being copied anew.
      if (tables.schema(schema.id) !== null) continue;
      const isKept = state.kind === "ready" && filter.refusal(schema) === null;
      if (isKept) tables.adopt(schema, rows, state.document);
      else store.dropTable(schema.id);
    }
    loop().refreshSnapshot();
  }

  /**
   * Tells the upstream side which tables we hold, before it streams: their changes are delivered
   * from the first transaction on. One that can no longer be followed is copied anew.
   */
  async announceTables(): Promise<void> {
    const { upstream, tables, registry, logger } = this.#options;
    const held = tables.followed();
    if (held.length === 0) return;
    const evidence = new Map(held.map(({ id }) => [id, tables.evidence(id)]));
    for (const { table, refused } of await upstream.addTables(held, evidence)) {
      const schema = held.find(({ id }) => id === table);
      const name = schema === undefined ? String(table) : `${schema.schema}.${schema.name}`;
      const message = "the copy of a table cannot be continued; copying it anew";
      logger.warn({ table: name, reason: refused }, message);
      registry.suspend(new Set([table]), refused);
      tables.forget(table);
    }
  }

  #reset(reason: string): void {
    const { store, tables, registry, loop } = this.#options;
    registry.suspend("all", reason);
    for (const id of tables.ids()) tables.forget(id);
    for (const { schema } of store.tables()) store.dropTable(schema.id);
    store.write((batch) => batch.setPosition(""));
    loop().refreshSnapshot();
    this.recovered = false;
    this.#options.onReset();
  }
}
