import type { Store } from "@freshet/storage";
import type { DeltaBatch, RowDelta, Snapshot, TableId } from "@freshet/types";
import { type Logger, messageOf } from "@freshet/util";
import type { StreamTransaction } from "../replication/contract.ts";
import type { Adapters, PublishedEntry } from "./adapters.ts";
import type { BaseTables } from "./base-tables.ts";
import { ChangeApplier, type Divergence } from "./change-applier.ts";
import type { ChangeQueue, QueueItem } from "./change-queue.ts";
import { DeferredChanges } from "./deferred-changes.ts";
import type { LiveCache } from "./live-cache.ts";
import type { EngineMetrics } from "./metrics.ts";
import type { PositionWaiters } from "./position-waiters.ts";

/** Whole transactions are applied together up to this many changes. */
const BATCH_CHANGES = 2_000;

export interface CommitLoopOptions {
  readonly store: Store;
  readonly tables: BaseTables;
  readonly queue: ChangeQueue;
  readonly adapters: Adapters;
  readonly waiters: PositionWaiters;
  readonly metrics: EngineMetrics;
  readonly logger: Logger;
  readonly caches: () => Iterable<LiveCache>;
  /** Entries may have grown. */
  readonly onPublished: () => void;
  readonly onSchemaChange: (tables: readonly TableId[] | "all") => void;
  readonly onAccessChange: () => void;
  readonly onDivergence: (divergences: readonly Divergence[]) => void;
  /** Our own state is broken: the engine must stop and recover. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * From the stream's queue to the adapters: whole commits, in order, each visible everywhere at
 * once. One write to the store with the position; then the difference between the snapshots
 * before and after moves every cache; then one message per adapter. Nothing else changes
 * `snapshot`, so fills, which read it, can never race with the stream.
 */
export class CommitLoop {
  readonly #options: CommitLoopOptions;
  #snapshot: Snapshot;
  #scheduled = false;
  #stopped = false;
  #staged = new DeferredChanges();
  #stagedCount = 0;

  constructor(options: CommitLoopOptions) {
    this.#options = options;
    this.#snapshot = options.store.snapshot();
  }

  /** The published state: what fills evaluate against. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** No part of a large transaction is waiting for its end. */
  get atCommitBoundary(): boolean {
    return this.#stagedCount === 0;
  }

  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#stopped) return;
      try {
        this.#turn();
      } catch (error) {
        this.#stopped = true;
        this.#options.onBroken(error);
      }
    });
  }

  /** A table went online or an index was built: the same position, more to read. */
  refreshSnapshot(): void {
    const old = this.#snapshot;
    this.#snapshot = this.#options.store.snapshot();
    old.close();
  }

  /** The stream will repeat what was not applied. */
  restart(): void {
    this.#options.queue.clear();
    this.#staged.close();
    this.#staged = new DeferredChanges();
    this.#stagedCount = 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#staged.close();
    this.#snapshot.close();
  }

  #turn(): void {
    const { queue, waiters } = this.#options;
    const items = queue.take(BATCH_CHANGES);
    const first = items[0];
    if (first === undefined) return;
    switch (first.kind) {
      case "transaction":
        this.#commit(transactionsOf(items));
        break;
      case "progress":
        waiters.advance(first.position);
        break;
      case "schema-change":
        this.#options.onSchemaChange(first.tables);
        break;
      case "access-change":
        this.#options.onAccessChange();
        break;
    }
    if (!queue.empty) this.wake();
  }

  #commit(transactions: readonly StreamTransaction[]): void {
    const whole: StreamTransaction[] = [];
    const { store, tables, metrics, waiters } = this.#options;
    const startedMs = performance.now();
    const span = metrics.tracer.span("commit");
    const applier = store.write((batch) => {
      const inner = new ChangeApplier(batch);
      for (const transaction of transactions) {
        if (transaction.partial) {
          this.#stage(transaction);
          continue;
        }
        if (this.#stagedCount > 0) this.#unstage(transaction, inner);
        tables.apply(transaction, inner);
        batch.setPosition(transaction.position);
        whole.push(transaction);
      }
      return inner;
    });
    const last = whole.at(-1);
    if (last === undefined) return;
    const deltas = applier.deltas();
    const publishing = span?.child("publish");
    if (deltas.size > 0) this.#publish(deltas, last);
    publishing?.end();
    if (applier.divergences.length > 0) this.#options.onDivergence(applier.divergences);
    waiters.advance(last.position);
    if (deltas.size > 0) this.#options.onPublished();
    // The upstream's clock may differ from ours.
    const delayMs = last.commitTimeMs > 0 ? Math.max(0, Date.now() - last.commitTimeMs) : null;
    const delaySeconds = delayMs === null ? null : delayMs / 1000;
    metrics.committed(whole.length, (performance.now() - startedMs) / 1000, delaySeconds);
    span?.set({ "freshet.transactions": whole.length, "freshet.tables": deltas.size });
    span?.end();
  }

  #stage(transaction: StreamTransaction): void {
    for (const change of transaction.changes) this.#staged.push(transaction, change);
    this.#stagedCount += transaction.changes.length;
  }

  #unstage(transaction: StreamTransaction, applier: ChangeApplier): void {
    for (const { change } of this.#staged.take(Infinity)) {
      this.#options.tables.apply({ ...transaction, changes: [change] }, applier);
    }
    this.#staged.close();
    this.#staged = new DeferredChanges();
    this.#stagedCount = 0;
  }

  #publish(
    deltas: ReadonlyMap<TableId, readonly RowDelta[] | "all">,
    last: StreamTransaction,
  ): void {
    const { store, adapters, metrics } = this.#options;
    const before = this.#snapshot;
    const after = store.snapshot();
    const entries: PublishedEntry[] = [];
    for (const cache of this.#options.caches()) {
      if (cache.ready && cache.entries.size > 0) this.#move(cache, deltas, before, after, entries);
    }
    this.#snapshot = after;
    before.close();
    const { messages, bytes } = adapters.publish(last.position, last.commitTimeMs, entries);
    for (const entry of entries) {
      if (entry.rows === null) adapters.forgetKey(entry.cache, entry.key);
    }
    metrics.published(entries.length, messages, bytes);
  }

  #move(
    cache: LiveCache,
    deltas: ReadonlyMap<TableId, readonly RowDelta[] | "all">,
    before: Snapshot,
    after: Snapshot,
    entries: PublishedEntry[],
  ): void {
    const batch = new Map<TableId, readonly RowDelta[]>();
    for (const [table, rows] of deltas) {
      if (!cache.reads(table)) continue;
      if (rows === "all") return this.clearCache(cache, "too many rows changed at once");
      batch.set(table, rows);
    }
    if (batch.size === 0) return;
    const id = cache.record.id;
    try {
      for (const change of cache.entries.push(batch as DeltaBatch, before, after)) {
        if ("rows" in change) entries.push({ cache: id, key: change.key, rows: change.rows });
        else {
          entries.push({ cache: id, key: change.key, rows: null });
          cache.entries.evict(change.key);
        }
      }
    } catch (error) {
      this.#options.logger.error(
        { cache: cache.record.name, error: messageOf(error), stack: (error as Error).stack },
        "maintaining a cache failed; it starts again empty",
      );
      this.clearCache(cache, "maintenance failed");
    }
  }

  /** Forgets all entries of a cache, here and in every adapter. */
  clearCache(cache: LiveCache, reason: string): void {
    cache.clear();
    this.#options.adapters.forgetCache(cache.record.id);
    this.#options.adapters.broadcast({ kind: "cache-cleared", cache: cache.record.id });
    this.#options.logger.debug({ cache: cache.record.name, reason }, "cache cleared");
  }
}

function transactionsOf(items: readonly QueueItem[]): readonly StreamTransaction[] {
  return items.map((item) => {
    if (item.kind !== "transaction") throw new Error("a batch holds transactions only");
    return item.transaction;
  });
}
