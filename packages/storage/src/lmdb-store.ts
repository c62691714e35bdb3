import { statSync } from "node:fs";
import { join } from "node:path";
import type { IndexSpec, Snapshot, TableId, TableSchema } from "@freshet/types";
import { InvariantError, messageOf, OperationalError } from "@freshet/util";
import { META_DOCUMENT, META_POSITION, sameColumns, tableOf } from "./catalog.ts";
import type { StoredIndex, Table } from "./catalog.ts";
import { CatalogKeeper } from "./catalog-keeper.ts";
import type { StoredTable, TableState, WriteBatch } from "./contract.ts";
import type { Environment } from "./environment.ts";
import { Garbage } from "./garbage.ts";
import { buildIndexPart } from "./index-builder.ts";
import { LmdbSnapshot } from "./lmdb-snapshot.ts";
import type { SnapshotOwner } from "./lmdb-snapshot.ts";
import { LmdbWriteBatch } from "./lmdb-write-batch.ts";
import type { OpenedStore } from "./open-store.ts";
import { DATA_FILE, releaseDirectory } from "./store-files.ts";
import type { DirectoryState } from "./store-files.ts";

/** Entries of dropped tables that one write removes beside its own work. */
const GARBAGE_PER_WRITE = 32;
const GARBAGE_PER_STEP = 2_000;
/** How long a checkpoint may spend on garbage, in milliseconds. */
const GARBAGE_TIME = 15;

/** Free pages are left out of copies: smaller files, and no old rows in them. */
const COMPACT = true;

/** Rows whose index entries one transaction adds: some ten milliseconds. */
const INDEX_PART = 2_000;

/** An index on the way: where its rows are, and the last row that has its entry. */
interface IndexBuild {
  schema: TableSchema;
  rows: number;
  index: StoredIndex;
  after: Buffer | null;
}

export class LmdbStore implements OpenedStore, SnapshotOwner {
  readonly cleanShutdown: boolean;
  readonly resetReason: string | null;
  readonly #environment: Environment;
  readonly #directory: string;
  readonly #garbage: Garbage;
  readonly #keeper: CatalogKeeper;
  readonly #snapshots = new Set<LmdbSnapshot>();
  #position: string | null;
  #durablePosition: string | null = null;
  #writing = false;
  #checkpointing: Promise<unknown> = Promise.resolve();
  /** When copies of the file began that are being made. */
  readonly #backups = new Set<{ readonly since: number; readonly done: Promise<unknown> }>();
  #closed = false;

  constructor(environment: Environment, directory: string, state: DirectoryState) {
    this.#environment = environment;
    this.#directory = directory;
    this.cleanShutdown = state.cleanShutdown;
    this.resetReason = state.resetReason;
    this.#garbage = new Garbage(environment);
    this.#keeper = new CatalogKeeper(environment, this.#garbage);
    this.#position = environment.meta.get(META_POSITION) ?? null;
  }

  position(): string | null {
    return this.#position;
  }

  durablePosition(): string | null {
    return this.#durablePosition;
  }

  isWriting(): boolean {
    return this.#writing;
  }

  tables(): readonly StoredTable[] {
    return Array.from(this.#keeper.catalog.values(), ({ schema, state, counter }) => ({
      schema,
      state,
      rows: counter.rows,
    }));
  }

  createTable(schema: TableSchema): void {
    this.#transaction(() => {
      this.#keeper.drop(schema.id);
      const space = this.#keeper.newSpace();
      const state: TableState = { kind: "copying", document: null };
      this.#keeper.put(tableOf({ schema, state, space, indexes: [] }, 0));
    });
  }

  dropTable(table: TableId): void {
    this.#transaction(() => this.#keeper.drop(table));
  }

  setTableState(table: TableId, state: TableState): void {
    this.#transaction(() => this.#keeper.setState(table, state));
  }

  ensureIndex(spec: IndexSpec): void {
    const build = this.#startIndex(spec);
    if (build === null) return;
    this.#orGiveUp(build, () => {
      while (!this.#continueIndex(build));
    });
  }

  async buildIndex(spec: IndexSpec, signal?: AbortSignal): Promise<void> {
    const build = this.#startIndex(spec);
    if (build === null) return;
    while (!this.#orGiveUp(build, () => this.#continueIndex(build))) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#closed) throw new OperationalError("the store was closed");
      this.#orGiveUp(build, () => signal?.throwIfAborted());
    }
  }

  #orGiveUp<T>(build: IndexBuild, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#giveUpIndex(build);
      throw error;
    }
  }

  /** Null when the index exists. */
  #startIndex(spec: IndexSpec): IndexBuild | null {
    const table = this.#keeper.get(spec.table);
    const { key } = table.schema;
    if (key !== null && sameColumns(key, spec.columns)) return null;
    if (table.indexes.some((index) => sameColumns(index.columns, spec.columns))) return null;
    return this.#transaction(() => this.#placeIndex(table, spec.columns));
  }

  #placeIndex(table: Table, columns: readonly number[]): IndexBuild {
    const space = this.#keeper.newSpace();
    this.#garbage.reserve(space);
    const index = { columns: [...columns], space };
    this.#keeper.setBuilding(table, [...table.building, index]);
    return { schema: table.schema, rows: table.space, index, after: null };
  }

  /** One part of bounded size; true when the index is whole. */
  #continueIndex(build: IndexBuild): boolean {
    const table = this.#keeper.find(build.schema.id);
    if (table?.schema !== build.schema) {
      throw new OperationalError(
        `table ${build.schema.name} is gone while an index was being built`,
      );
    }
    return this.#transaction(() => {
      if (table.space !== build.rows || !table.building.includes(build.index)) {
        // Emptied meanwhile.
        this.#garbage.add(build.index.space);
        if (table.indexes.some((other) => sameColumns(other.columns, build.index.columns)))
          return true;
        Object.assign(build, this.#placeIndex(table, build.index.columns));
        return false;
      }
      const { index } = build;
      build.after = buildIndexPart(this.#environment.data, table, index, build.after, INDEX_PART);
      if (build.after !== null) return false;
      this.#keeper.setBuilding(
        table,
        table.building.filter((other) => other !== index),
      );
      if (table.indexes.some((other) => sameColumns(other.columns, index.columns))) {
        this.#garbage.add(index.space);
      } else {
        this.#garbage.remove(index.space);
        this.#keeper.replace(this.#keeper.get(table.id), { indexes: [...table.indexes, index] });
      }
      return true;
    });
  }

  #giveUpIndex({ schema, index }: IndexBuild): void {
    this.#transaction(() => {
      const table = this.#keeper.find(schema.id);
      if (table !== undefined) {
        this.#keeper.setBuilding(
          table,
          table.building.filter((other) => other !== index),
        );
      }
      this.#garbage.add(index.space);
    });
  }

  dropIndex(spec: IndexSpec): void {
    const table = this.#keeper.find(spec.table);
    const index = table?.indexes.find((other) => sameColumns(other.columns, spec.columns));
    if (table === undefined || index === undefined) return;
    this.#transaction(() => {
      this.#garbage.add(index.space);
      this.#keeper.replace(table, { indexes: table.indexes.filter((other) => other !== index) });
    });
  }

  write<T>(work: (batch: WriteBatch) => T): T {
    const touched = new Set<Table>();
    const batch = new LmdbWriteBatch(this.#environment, this.#keeper, touched);
    return this.#transaction(() => {
      const result = work(batch);
      batch.finish();
      return result;
    }, touched);
  }

  snapshot(): Snapshot {
    this.#checkUsable();
    const { catalog } = this.#keeper;
    const snapshot = new LmdbSnapshot(this.#environment, catalog, this, performance.now());
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  closed(snapshot: LmdbSnapshot): void {
    this.#snapshots.delete(snapshot);
  }

  readDocument(name: string): unknown {
    const text = this.#environment.meta.get(META_DOCUMENT + name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  listDocuments(prefix: string): readonly { readonly name: string; readonly document: unknown }[] {
    return this.#environment.meta.list(META_DOCUMENT + prefix).map(([key, text]) => ({
      name: key.slice(META_DOCUMENT.length),
      document: JSON.parse(text) as unknown,
    }));
  }

  checkpoint(): Promise<string | null> {
    const run = this.#checkpointing.then(() => this.#flush());
    this.#checkpointing = run.catch(() => undefined);
    return run;
  }

  async backup(path: string): Promise<void> {
    this.#checkUsable();
    const done = this.#environment.root.backup(path, COMPACT).catch((error: unknown) => {
      throw new OperationalError(`cannot copy the store to ${path}: ${messageOf(error)}`, {
        cause: error,
      });
    });
    const backup = { since: performance.now(), done: done.catch(() => undefined) };
    this.#backups.add(backup);
    try {
      await done;
    } finally {
      this.#backups.delete(backup);
    }
  }

  statistics(): { readonly fileBytes: number; readonly oldestReaderMs: number } {
    const file = statSync(join(this.#directory, DATA_FILE));
    let oldestReaderMs = 0;
    const now = performance.now();
    for (const { openedAt } of this.#snapshots) {
      oldestReaderMs = Math.max(oldestReaderMs, now - openedAt);
    }
    for (const { since } of this.#backups) oldestReaderMs = Math.max(oldestReaderMs, now - since);
    // Blocks, not size: through a memory map the file is mostly a hole.
    return { fileBytes: file.blocks * 512, oldestReaderMs };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await Promise.all([this.#checkpointing, ...Array.from(this.#backups, ({ done }) => done)]);
    for (const snapshot of this.#snapshots) snapshot.close();
    await this.#flush();
    this.#closed = true;
    await this.#environment.root.close();
    releaseDirectory(this.#directory, true);
  }

  async #flush(): Promise<string | null> {
    this.#checkUsable();
    const until = performance.now() + GARBAGE_TIME;
    while (!this.#garbage.isEmpty && performance.now() < until) {
      this.#transaction(() => this.#garbage.collect(GARBAGE_PER_STEP));
    }
    const position = this.#position;
    try {
      await this.#environment.sync();
    } catch (error) {
      throw new OperationalError(
        `cannot flush the store in ${this.#directory}: ${messageOf(error)}`,
        { cause: error },
      );
    }
    this.#durablePosition = position;
    return position;
  }

  #checkUsable(): void {
    if (this.#closed) throw new InvariantError("the store is closed");
    if (this.#writing) throw new InvariantError("the store is in the middle of a write");
  }

  /** One LMDB transaction; what is in memory goes back with it when it fails. */
  #transaction<T>(work: () => T, touched?: ReadonlySet<Table>): T {
    this.#checkUsable();
    const { catalog } = this.#keeper;
    const { spaces } = this.#garbage;
    let position = this.#position;
    this.#writing = true;
    try {
      const result = this.#environment.root.transactionSync(() => {
        const value = work();
        if (!this.#garbage.isEmpty) this.#garbage.collect(GARBAGE_PER_WRITE);
        position = this.#environment.meta.get(META_POSITION) ?? null;
        return value;
      });
      this.#position = position;
      return result;
    } catch (error) {
      this.#keeper.restore(catalog, touched);
      this.#garbage.restore(spaces);
      throw error;
    } finally {
      this.#writing = false;
    }
  }
}
