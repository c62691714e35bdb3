import { type OpenedStore, openStore } from "@freshet/storage";
import type { ServerLink } from "@freshet/rpc";
import {
  Backoff,
  type Clock,
  ConfigurationError,
  type Logger,
  messageOf,
  OperationalError,
  runLoop,
  systemClock,
} from "@freshet/util";
import type { BackupKeeper } from "../backup/backup-keeper.ts";
import {
  dropLeftOver,
  isWorthCopying,
  keeperForEngine,
  restoreForEngine,
} from "../backup/engine-backups.ts";
import { CacheRegistry } from "../controller/cache-registry.ts";
import { ProxiedQueries } from "../controller/proxied-queries.ts";
import { Definitions } from "../controller/definitions.ts";
import { setMaintenance } from "../controller/deployment-settings.ts";
import { statusRows, tableRows } from "../controller/status-rows.ts";
import { ControlStatements } from "../controller/statements.ts";
import { ReplicatedTables } from "../controller/replicated-tables.ts";
import { TableFilter } from "../controller/table-filter.ts";
import { dialectOf } from "../dialects.ts";
import { localFiles } from "../local-files.ts";
import type { ReplicationHealth, Upstream, UpstreamReplica } from "../replication/contract.ts";
import { AdapterRequests } from "./adapter-requests.ts";
import { Adapters } from "./adapters.ts";
import { BaseTables } from "./base-tables.ts";
import { CacheRebuilder } from "./cache-rebuilder.ts";
import { ChangeQueue } from "./change-queue.ts";
import { ClientConnections } from "./client-connections.ts";
import { CommitLoop } from "./commit-loop.ts";
import type { EngineOptions, EngineStatus, MembersView } from "./engine-options.ts";
import { LocalCopy } from "./local-copy.ts";
import { adapterRows, serverRows } from "./member-rows.ts";
import { MemoryKeeper } from "./memory-keeper.ts";
import { type EngineMetrics, noMetrics } from "./metrics.ts";
import { openStates, type States } from "./states.ts";
import { Recopying } from "./recopying.ts";
import { StreamWatch } from "./stream-watch.ts";
import { PositionWaiters } from "./position-waiters.ts";
import { whileOpen } from "./while-open.ts";
import { claimStorage, noteBreakdown } from "./ownership.ts";

const ENTRY_LIMITS = { rowsPerEntry: 1_000_000, bytesPerEntry: 64 << 20, entries: 1_000_000 };
const QUEUE_CHANGES = 50_000;
const CHECKPOINT_INTERVAL_MS = 1_000;
const SETTLE_MS = 20;

/**
 * The server of one upstream database: owns its replication, the local copy and the caches.
 * `ready` resolves at the first time everything is in service and rejects (with a
 * ConfigurationError) when it never can be; every other failure is retried while adapters forward.
 */
export class Engine {
  readonly ready: Promise<void>;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #metrics: EngineMetrics;
  readonly #store: OpenedStore;
  readonly #upstream: Upstream;
  readonly #adapters = new Adapters();
  readonly #proxied = new ProxiedQueries();
  readonly #connections = new ClientConnections();
  readonly #waiters: PositionWaiters;
  readonly #queue: ChangeQueue;
  readonly #watch: StreamWatch;
  readonly #tables: BaseTables;
  readonly #registry: CacheRegistry;
  readonly #memory: MemoryKeeper;
  readonly #rebuilder: CacheRebuilder;
  readonly #recopying: Recopying;
  readonly #statements: ControlStatements;
  readonly #requests: AdapterRequests;
  readonly #name: string;
  readonly #dialectName: string;
  readonly #copy: LocalCopy;
  readonly #states: States;
  readonly #filter: TableFilter;
  readonly #members: (() => MembersView) | null;
  readonly #onFatal: (error: ConfigurationError) => void;
  readonly #backups: BackupKeeper | null;
  #closing = false;
  #loop: CommitLoop;
  readonly #abort = new AbortController();
  /** Aborted when the present connection to the upstream is given up. */
  #session = new AbortController();
  readonly #startedMs: number;
  #followingSinceMs: number | null = null;
  readonly #reconnecting = new Backoff({ firstMs: 250, limitMs: 10_000 });
  #serving = false;
  #servingReason = "starting";
  #lastError = "";
  #health: ReplicationHealth | null = null;
  #stopped: Promise<void> = Promise.resolve();
  #failReady: (error: unknown) => void = () => undefined;
  #becomeReady: () => void = () => undefined;

  private constructor(options: EngineOptions, store: OpenedStore, states: States) {
    this.#name = options.replica ?? options.deployment;
    this.#members = options.members ?? null;
    this.#onFatal = options.onFatal ?? (() => undefined);
    this.#states = states;
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.#startedMs = this.#clock.nowMs();
    this.#metrics = options.metrics ?? noMetrics;
    this.#store = store;
    const dialect = dialectOf(options.upstreamUrl);
    this.#dialectName = dialect.name;
    const filter = new TableFilter({
      only: options.replicationTables ?? null,
      ignore: options.replicationTablesIgnore ?? null,
      foldCase: dialect.name === "mysql",
    });
    this.#filter = filter;
    const upstream = dialect.createUpstream({
      url: options.upstreamUrl,
      deployment: options.deployment,
      replica: options.replica ?? null,
      ownerToken: options.ownerToken ?? null,
      disableSetup: options.disableSetup ?? false,
      logger: options.logger,
      clock: this.#clock,
    });
    this.#upstream = upstream;
    this.#waiters = new PositionWaiters({
      compare: (left, right) => upstream.compare(left, right),
      nudge: () => upstream.nudge(),
      clock: this.#clock,
    });
    this.#watch = new StreamWatch({
      clock: this.#clock,
      nudge: () => upstream.nudge(),
      onSilent: () => this.#setServing(false, "the change stream is silent"),
      onHeard: () => void this.#serveAgain(this.#session.signal),
      onDead: () => this.#session.abort(),
    });
    this.#queue = new ChangeQueue(QUEUE_CHANGES, () => {
      this.#watch.heard();
      this.#loop.wake();
    });
    this.#tables = new BaseTables({
      store,
      upstream,
      logger: options.logger,
      waitForPosition: async (position, signal) => {
        if (!(await this.#waiters.wait(position, null, signal))) {
          throw new OperationalError("stopped while waiting for the change stream");
        }
      },
      visiblePosition: () => this.#waiters.visible,
      contentChanged: () => this.#loop.refreshSnapshot(),
      superseded: (table) => {
        this.#registry.suspend(new Set([table]), "the table's definition changed");
        void this.#rebuilder.now();
      },
      clock: this.#clock,
      metrics: this.#metrics,
    });
    this.#registry = new CacheRegistry({
      definitions: new Definitions(states.definitions),
      filter,
      store,
      upstream,
      dialect,
      tables: this.#tables,
      adapters: this.#adapters,
      loop: () => this.#loop,
      logger: options.logger,
      entryLimits: ENTRY_LIMITS,
      // Until we follow the database, the tables of an earlier run are not known: nothing is built.
      onUnbuilt: () => void (this.#copy.recovered && this.#rebuilder.now()),
      onDropped: () => this.#recopying.dropUnused(),
    });
    this.#copy = new LocalCopy({
      store,
      upstream,
      tables: this.#tables,
      registry: this.#registry,
      filter,
      loop: () => this.#loop,
      logger: options.logger,
      onReset: () => this.#backups?.outdated(),
    });
    this.#memory = new MemoryKeeper({
      limitBytes: options.memoryLimitBytes,
      caches: () => this.#registry.live(),
      adapters: this.#adapters,
      position: () => this.#waiters.visible ?? "",
      metrics: this.#metrics,
    });
    this.#rebuilder = new CacheRebuilder(this.#registry, this.#clock, this.#abort.signal);
    this.#recopying = new Recopying({
      upstream,
      tables: this.#tables,
      registry: this.#registry,
      rebuilder: this.#rebuilder,
      proxied: this.#proxied,
      metrics: this.#metrics,
      loop: () => this.#loop,
      onSuspect: () => this.#backups?.outdated(),
      signal: this.#abort.signal,
      logger: options.logger,
    });
    const replicated = new ReplicatedTables({
      settings: states.settings,
      filter,
      upstream,
      onChange: () => {
        this.#recopying.filterChanged();
        if (!this.#copy.recovered) return;
        void this.#rebuilder.now().then(() => this.#recopying.dropUnused());
      },
    });
    this.#loop = this.#newLoop();
    this.#statements = new ControlStatements({
      registry: this.#registry,
      proxied: this.#proxied,
      connections: this.#connections,
      status: () => this.#statusRows(),
      tables: () => tableRows(this.#tables.progress()),
      adapters: () => this.#adapterRows(),
      servers: () => this.#serverRows(),
      setMaintenance: (on) => setMaintenance(this.#states.settings, on),
      replicated,
      resnapshot: (table, scope) => this.#recopying.resnapshot(table, scope.identity),
      dropUnusedTables: () => this.#recopying.dropUnused(),
      logger: options.logger,
    });
    this.#requests = new AdapterRequests({
      registry: this.#registry,
      adapters: this.#adapters,
      proxied: this.#proxied,
      connections: this.#connections,
      statements: this.#statements,
      waiters: this.#waiters,
      upstream,
      loop: () => this.#loop,
      metrics: this.#metrics,
      memory: this.#memory,
      serving: () => ({ serving: this.#serving, reason: this.#servingReason }),
      logger: options.logger,
      clock: this.#clock,
    });
    this.#backups = keeperForEngine({
      settings: options,
      dialect: dialect.name,
      store,
      upstream,
      settle: (position, signal) => this.#settle(position, signal),
      worthwhile: (overdue) => this.#serving && isWorthCopying(this.#tables, overdue),
    });
    this.ready = new Promise((resolve, reject) => {
      this.#becomeReady = resolve;
      this.#failReady = reject;
    });
    this.ready.catch(() => undefined);
  }

  /** Opens the storage and starts; throws a ConfigurationError for what only a person can fix. */
  static async start(options: EngineOptions): Promise<Engine> {
    const dialect = dialectOf(options.upstreamUrl);
    await dialect.load();
    await restoreForEngine(options, dialect.name);
    const files = localFiles(options.storageDir, options.deployment, options.replica);
    const states = await openStates(files, options);
    const store = await openStore({ directory: files.copy });
    if (store.resetReason !== null) {
      options.logger.warn(
        { reason: store.resetReason },
        "the local copy was discarded; copying again",
      );
    }
    try {
      claimStorage(store, options.ownerToken ?? null, files.copy);
      return Engine.#begin(options, store, states);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  static #begin(options: EngineOptions, store: OpenedStore, states: States): Engine {
    const engine = new Engine(options, store, states);
    engine.#stopped = engine.#run();
    return engine;
  }

  /** `name`: in separate mode the adapter's own and its thread's, `member/thread`. */
  attach(link: ServerLink, name: string): void {
    if (this.#closing) return link.close();
    this.#requests.attach(link, name);
  }

  status(): EngineStatus {
    const storage = this.#store.statistics();
    return {
      serving: this.#serving,
      servingReason: this.#servingReason,
      position: this.#waiters.visible,
      caches: [...this.#registry.live()].map((cache) => ({
        name: cache.record.name,
        entries: cache.entries.size,
        bytes: cache.entries.bytes,
      })),
      tables: this.#tables.progress().map(({ schema, status, rows }) => ({
        table: `${schema.schema}.${schema.name}`,
        status,
        rows,
      })),
      replication: this.#health,
      backup: this.#backups?.status() ?? null,
      following: this.#following,
      silentMs: this.#watch.quietMs,
      maintenance: this.#states.settings.value.maintenance,
      attachedAdapters: this.#adapters.size,
      storageBytes: storage.fileBytes,
      oldestReaderMs: storage.oldestReaderMs,
      lastError: this.#lastError,
    };
  }

  get #following(): boolean {
    return this.#followingSinceMs !== null && !this.#session.signal.aborted;
  }

  /** Servers of this deployment that have something upstream, this one among them. */
  replicas(): Promise<readonly UpstreamReplica[]> {
    return this.#upstream.replicas();
  }

  /**
   * Removes what a server that is gone left upstream, and says what. Throws an OperationalError
   * when it is connected, or this one.
   */
  async removeReplica(replica: string): Promise<readonly string[]> {
    if (replica === this.#name) throw new OperationalError(`${replica} is this server itself`);
    return this.#upstream.removeReplica(replica);
  }

  /**
   * In order: no adapter any more, everything applied so far made durable and acknowledged, so that
   * the upstream keeps no more log than it must, then the end of the stream.
   */
  async close(): Promise<void> {
    this.#closing = true;
    this.#states.definitions.close();
    this.#states.settings.close();
    this.#setServing(false, "shutting down");
    try {
      await this.#checkpoint();
    } catch (error) {
      this.#logger.warn({ error: messageOf(error) }, "the last checkpoint failed");
    }
    this.#abort.abort();
    this.#tables.abortCopies();
    await this.#upstream.close();
    await this.#stopped;
    this.#loop.stop();
    await this.#store.close();
  }

  #newLoop(): CommitLoop {
    return new CommitLoop({
      store: this.#store,
      tables: this.#tables,
      queue: this.#queue,
      adapters: this.#adapters,
      waiters: this.#waiters,
      metrics: this.#metrics,
      logger: this.#logger,
      caches: () => this.#registry.live(),
      onPublished: () => this.#memory.enforce(),
      onSchemaChange: (tables) => this.#recopying.schemaChanged(tables),
      onAccessChange: () => this.#adapters.broadcast({ kind: "access-changed" }),
      onDivergence: (divergences) => this.#recopying.diverged(divergences),
      onBroken: (error) => this.#broken(error),
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const checkpoints = this.#checkpointLoop(signal);
    const backups = this.#backups?.run(signal);
    await runLoop({
      step: (inner) => this.#follow(inner),
      onError: (error, delayMs) => {
        this.#lastError = messageOf(error);
        this.#metrics.streamFailed();
        this.#setServing(false, `replication stopped: ${this.#lastError}`);
        if (error instanceof ConfigurationError) {
          this.#failReady(error);
          this.#onFatal(error);
        }
        const seconds = Math.ceil(delayMs / 100) / 10;
        this.#logger.warn(
          { error: this.#lastError, retryInSeconds: seconds },
          "replication stopped",
        );
      },
      signal,
      clock: this.#clock,
      backoff: this.#reconnecting,
    });
    await Promise.all([checkpoints, backups]);
  }

  /** One connection to the upstream, from connecting to its loss. */
  async #follow(signal: AbortSignal): Promise<void> {
    await this.#copy.continueRestored(signal);
    const identity = await this.#upstream.connect(signal);
    this.#copy.reconcile(identity);
    if (this.#backups === null) await dropLeftOver(this.#upstream.backups, this.#logger);
    await this.#copy.announceTables();
    this.#loop.restart();
    const stored = this.#store.position();
    const from = stored === "" ? null : stored;
    this.#waiters.reset(from);
    const session = new AbortController();
    this.#session = session;
    const ended = AbortSignal.any([signal, session.signal]);
    const streaming = this.#upstream
      .stream(from, whileOpen(this.#queue, ended), ended)
      .finally(() => session.abort());
    streaming.catch(() => undefined);
    try {
      const watching = this.#watch.run(session.signal);
      watching.catch(() => undefined);
      await this.#recover(session.signal);
      await watching;
    } catch (error) {
      // The stream's own failure explains more than what broke because of it.
      if (session.signal.aborted) await streaming;
      throw error;
    } finally {
      session.abort();
    }
    await streaming;
    if (!signal.aborted) throw new OperationalError("the change stream ended");
  }

  async #recover(streamEnded: AbortSignal): Promise<void> {
    await this.#catchUp(streamEnded);
    this.#setServing(true, "");
    this.#reconnecting.reset();
    this.#followingSinceMs = this.#clock.nowMs();
    this.#logger.info({ position: this.#waiters.visible }, "following the database");
    this.#copy.recovered = true;
    void this.#rebuilder.now().then(() => {
      // Of caches that others dropped while we were away.
      this.#recopying.dropUnused();
      this.#becomeReady();
    });
  }

  /** After a silence. The stream's end is not ours to report; anything else is tried again. */
  async #serveAgain(streamEnded: AbortSignal): Promise<void> {
    while (!streamEnded.aborted && !this.#serving) {
      try {
        await this.#catchUp(streamEnded);
        if (!streamEnded.aborted) this.#setServing(true, "");
      } catch (error) {
        this.#lastError = messageOf(error);
        await this.#clock.wait(250, streamEnded);
      }
    }
  }

  /** Resolves when everything committed before the call has been applied here. */
  async #catchUp(streamEnded: AbortSignal): Promise<void> {
    const position = await this.#upstream.currentPosition();
    if (!(await this.#waiters.wait(position, null, streamEnded))) {
      throw new OperationalError("the change stream ended while catching up");
    }
  }

  #broken(error: unknown): void {
    this.#lastError = messageOf(error);
    this.#logger.error(
      { error: this.#lastError, stack: error instanceof Error ? error.stack : "" },
      "the engine's own state is broken; it restarts",
    );
    this.#setServing(false, "internal error");
    try {
      noteBreakdown(this.#store);
    } catch (cause) {
      this.#logger.error({ error: messageOf(cause) }, "the breakdown could not be noted");
    }
    setImmediate(() => {
      throw error;
    });
  }

  #setServing(serving: boolean, reason: string): void {
    if (serving && this.#closing) return;
    if (this.#serving === serving && this.#servingReason === reason) return;
    this.#serving = serving;
    this.#servingReason = reason;
    this.#adapters.broadcast({ kind: "serving", serving, reason });
  }

  async #checkpointLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.wait(CHECKPOINT_INTERVAL_MS, signal);
      try {
        await this.#checkpoint();
      } catch (error) {
        this.#lastError = messageOf(error);
        this.#logger.error({ error: this.#lastError }, "checkpoint failed");
      }
    }
  }

  async #checkpoint(): Promise<void> {
    const visible = this.#waiters.visible;
    if (visible !== null && this.#queue.empty && this.#loop.atCommitBoundary) {
      if (visible !== this.#store.position()) {
        this.#store.write((batch) => batch.setPosition(visible));
      }
    }
    const startedMs = performance.now();
    const durable = await this.#store.checkpoint();
    this.#metrics.checkpointed((performance.now() - startedMs) / 1000);
    // Not what was begun anew meanwhile.
    const stored = this.#store.position() ?? "";
    const isOurs = stored !== "" && durable !== null && durable !== "";
    if (isOurs && this.#upstream.compare(durable, stored) <= 0) {
      this.#upstream.acknowledge(durable);
    }
    if (this.#serving) this.#health = await this.#upstream.health();
  }

  /** Resolves when the store itself stands at or after the position. */
  async #settle(position: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const reached = await this.#waiters.wait(position, null, signal);
      if (!reached) throw new OperationalError("stopped while waiting for the change stream");
      await this.#checkpoint();
      const stored = this.#store.position() ?? "";
      if (stored !== "" && this.#upstream.compare(stored, position) >= 0) return;
      await this.#clock.wait(SETTLE_MS, signal);
    }
  }

  #statusRows(): readonly (readonly [string, string])[] {
    return statusRows({
      serving: this.#serving,
      servingReason: this.#servingReason,
      following: this.#following,
      health: this.#health,
      visible: this.#waiters.visible ?? "",
      durable: this.#store.durablePosition() ?? "",
      tables: this.#tables.progress(),
      startedMs: this.#startedMs,
      followingSinceMs: this.#followingSinceMs,
      lastCopyMs: this.#tables.lastCopyMs,
      clients: this.#connections.list().length,
      adapters: this.#adapters.size,
      lastError: this.#lastError,
      maintenance: this.#states.settings.value.maintenance,
      filter: this.#filter.toString(),
      backup: this.#backups?.status() ?? null,
    });
  }

  #adapterRows() {
    const view = this.#members?.() ?? null;
    return adapterRows(view, this.#dialectName, this.#adapters, this.#connections);
  }

  #serverRows() {
    return serverRows(this.#members?.() ?? null, {
      name: this.#name,
      dialect: this.#dialectName,
      startedMs: this.#startedMs,
      state: this.#serving ? "serving" : this.#servingReason,
      position: this.#waiters.visible,
      lagBytes: this.#health?.lagBytes ?? null,
    });
  }
}
