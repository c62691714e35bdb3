import { type OpenedStore, openStore } from "@freshet/storage";
import type { ServerLink } from "@freshet/rpc";
import type { TableId } from "@freshet/types";
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
import { CacheRecords } from "../controller/cache-records.ts";
import { CacheRegistry } from "../controller/cache-registry.ts";
import { ProxiedQueries } from "../controller/proxied-queries.ts";
import { statusRows } from "../controller/status-rows.ts";
import { ControlStatements } from "../controller/statements.ts";
import { dialectOf } from "../dialects.ts";
import { localFiles } from "../local-files.ts";
import type {
  ReplicationHealth,
  StreamHandler,
  Upstream,
  UpstreamIdentity,
} from "../replication/contract.ts";
import { AdapterRequests } from "./adapter-requests.ts";
import { Adapters } from "./adapters.ts";
import { BaseTables } from "./base-tables.ts";
import { CacheRebuilder } from "./cache-rebuilder.ts";
import type { Divergence } from "./change-applier.ts";
import { ChangeQueue } from "./change-queue.ts";
import { ClientConnections } from "./client-connections.ts";
import { CommitLoop } from "./commit-loop.ts";
import { MemoryKeeper } from "./memory-keeper.ts";
import { type EngineMetrics, noMetrics } from "./metrics.ts";
import { StreamWatch } from "./stream-watch.ts";
import { PositionWaiters } from "./position-waiters.ts";
import { identityProblem, noteBreakdown, readOwner, writeOwner } from "./ownership.ts";

export interface EngineOptions {
  readonly upstreamUrl: string;
  readonly deployment: string;
  readonly storageDir: string;
  /** Bytes for the state of filled keys; the oldest keys go first. */
  readonly memoryLimitBytes: number;
  readonly disableSetup?: boolean;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly metrics?: EngineMetrics;
}

export interface EngineStatus {
  readonly serving: boolean;
  readonly servingReason: string;
  readonly position: string | null;
  readonly caches: readonly {
    readonly name: string;
    readonly entries: number;
    readonly bytes: number;
  }[];
  readonly tables: readonly {
    readonly table: string;
    readonly status: string;
    readonly rows: number;
  }[];
  readonly replication: ReplicationHealth | null;
  readonly storageBytes: number;
  readonly oldestReaderMs: number;
  readonly lastError: string;
}

const ENTRY_LIMITS = { rowsPerEntry: 1_000_000, bytesPerEntry: 64 << 20, entries: 1_000_000 };
const QUEUE_CHANGES = 50_000;
const CHECKPOINT_INTERVAL_MS = 1_000;

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
  readonly #statements: ControlStatements;
  readonly #requests: AdapterRequests;
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
  #recovered = false;
  #health: ReplicationHealth | null = null;
  #stopped: Promise<void> = Promise.resolve();
  #failReady: (error: unknown) => void = () => undefined;
  #becomeReady: () => void = () => undefined;

  private constructor(options: EngineOptions, store: OpenedStore) {
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.#startedMs = this.#clock.nowMs();
    this.#metrics = options.metrics ?? noMetrics;
    this.#store = store;
    const dialect = dialectOf(options.upstreamUrl);
    const upstream = dialect.createUpstream({
      url: options.upstreamUrl,
      deployment: options.deployment,
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
      countCopiedRows: (rows) => this.#metrics.copiedRows(rows),
    });
    this.#registry = new CacheRegistry({
      records: new CacheRecords(localFiles(options.storageDir, options.deployment).definitions),
      store,
      upstream,
      dialect,
      tables: this.#tables,
      adapters: this.#adapters,
      loop: () => this.#loop,
      logger: options.logger,
      entryLimits: ENTRY_LIMITS,
    });
    this.#memory = new MemoryKeeper({
      limitBytes: options.memoryLimitBytes,
      caches: () => this.#registry.live(),
      adapters: this.#adapters,
      position: () => this.#waiters.visible ?? "",
    });
    this.#rebuilder = new CacheRebuilder(this.#registry, this.#clock, this.#abort.signal);
    this.#loop = this.#newLoop();
    this.#statements = new ControlStatements({
      registry: this.#registry,
      proxied: this.#proxied,
      connections: this.#connections,
      status: () => this.#statusRows(),
      tables: () => this.#tableRows(),
      resnapshot: (table, scope) => this.#resnapshot(table, scope.identity),
      dropUnusedTables: () => this.#dropUnusedTables(),
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
    });
    this.ready = new Promise((resolve, reject) => {
      this.#becomeReady = resolve;
      this.#failReady = reject;
    });
    this.ready.catch(() => undefined);
  }

  /** Opens the storage and starts; throws a ConfigurationError for what only a person can fix. */
  static async start(options: EngineOptions): Promise<Engine> {
    await dialectOf(options.upstreamUrl).load();
    const store = await openStore({
      directory: localFiles(options.storageDir, options.deployment).copy,
    });
    if (store.resetReason !== null) {
      options.logger.warn(
        { reason: store.resetReason },
        "the local copy was discarded; copying again",
      );
    }
    const engine = new Engine(options, store);
    engine.#stopped = engine.#run();
    return engine;
  }

  attach(link: ServerLink, name: string): void {
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
      storageBytes: storage.fileBytes,
      oldestReaderMs: storage.oldestReaderMs,
      lastError: this.#lastError,
    };
  }

  async close(): Promise<void> {
    this.#setServing(false, "shutting down");
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
      onSchemaChange: (tables) => this.#schemaChanged(tables),
      onAccessChange: () => this.#adapters.broadcast({ kind: "access-changed" }),
      onDivergence: (divergences) => this.#diverged(divergences),
      onBroken: (error) => this.#broken(error),
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const checkpoints = this.#checkpointLoop(signal);
    await runLoop({
      step: (inner) => this.#follow(inner),
      onError: (error, delayMs) => {
        this.#lastError = messageOf(error);
        this.#setServing(false, `replication stopped: ${this.#lastError}`);
        if (error instanceof ConfigurationError) this.#failReady(error);
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
    await checkpoints;
  }

  /** One connection to the upstream, from connecting to its loss. */
  async #follow(signal: AbortSignal): Promise<void> {
    const identity = await this.#upstream.connect(signal);
    this.#reconcile(identity);
    await this.#announceTables();
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
    this.#recovered = true;
    void this.#rebuilder.now().then(() => this.#becomeReady());
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

  /** Decides whether the local copy continues or is worthless; never guesses. */
  #reconcile(identity: UpstreamIdentity): void {
    const owner = readOwner(this.#store);
    const problem = identityProblem(owner, identity, this.#store, (left, right) =>
      this.#upstream.compare(left, right),
    );
    if (problem !== null) {
      this.#logger.warn({ reason: problem }, "the local copy cannot be continued; copying again");
      this.#reset(problem);
    } else if (!this.#recovered) {
      this.#adoptTables();
    }
    writeOwner(this.#store, identity);
  }

  #adoptTables(): void {
    for (const { schema, state, rows } of this.#store.tables()) {
      // Somebody wanted it before we were connected: it is being copied anew.
      if (this.#tables.schema(schema.id) !== null) continue;
      if (state.kind === "ready") this.#tables.adopt(schema, rows);
      else this.#store.dropTable(schema.id);
    }
    this.#loop.refreshSnapshot();
  }

  /**
   * Tells the upstream side which tables we hold, before it streams: their changes are delivered
   * from the first transaction on. One that can no longer be followed is copied anew.
   */
  async #announceTables(): Promise<void> {
    const held = this.#tables.followed();
    if (held.length === 0) return;
    for (const { table, refused } of await this.#upstream.addTables(held)) {
      this.#logger.warn({ table, reason: refused }, "a table can no longer be followed");
      this.#registry.suspend(new Set([table]), refused);
      this.#tables.forget(table);
    }
  }

  #reset(reason: string): void {
    this.#registry.suspend("all", reason);
    for (const id of this.#tables.ids()) this.#tables.forget(id);
    for (const { schema } of this.#store.tables()) this.#store.dropTable(schema.id);
    this.#store.write((batch) => batch.setPosition(""));
    this.#loop.refreshSnapshot();
    this.#recovered = false;
  }

  #schemaChanged(tables: readonly TableId[] | "all"): void {
    this.#proxied.forgetSupport();
    const affected = tables === "all" ? this.#tables.ids() : tables;
    this.#recopy(new Set(affected), "the table's definition changed");
  }

  #diverged(divergences: readonly Divergence[]): void {
    for (const { table, reason } of divergences) {
      this.#logger.error({ table, reason }, "the local copy diverged; copying the table again");
    }
    this.#recopy(new Set(divergences.map(({ table }) => table)), divergences[0]!.reason);
  }

  #recopy(tables: ReadonlySet<TableId>, reason: string): void {
    this.#registry.suspend(tables, reason);
    for (const id of tables) this.#tables.forget(id);
    void this.#rebuilder.now();
  }

  async #resnapshot(table: string, scopeIdentity: string): Promise<void> {
    const catalog = await this.#upstream.catalog(scopeIdentity);
    const parts = table.split(".");
    const name = parts.pop()!;
    const found = catalog.table(parts[0] ?? null, name);
    if ("refused" in found) throw new OperationalError(found.refused);
    if (this.#tables.schema(found.id) === null) {
      throw new OperationalError(`no cache reads table "${table}", so there is no copy of it`);
    }
    this.#registry.suspend(new Set([found.id]), "the table is being copied again");
    this.#tables.forget(found.id);
    await this.#rebuilder.now();
    if (!this.#tables.isOnline(found)) {
      throw new OperationalError(`copying table "${table}" failed; it is tried again`);
    }
  }

  #dropUnusedTables(): void {
    const unused = this.#registry.unusedTables();
    if (unused.length === 0) return;
    for (const id of unused) this.#tables.forget(id);
    this.#loop.refreshSnapshot();
    this.#upstream.removeTables(unused).catch((error: unknown) => {
      this.#logger.warn({ error: messageOf(error) }, "tables could not leave the publication");
    });
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
    const durable = await this.#store.checkpoint();
    if (durable !== null && durable !== "") this.#upstream.acknowledge(durable);
    if (this.#serving) this.#health = await this.#upstream.health();
  }

  #statusRows(): readonly (readonly [string, string])[] {
    return statusRows({
      serving: this.#serving,
      servingReason: this.#servingReason,
      following: this.#followingSinceMs !== null && !this.#session.signal.aborted,
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
    });
  }

  #tableRows() {
    return this.#tables.progress().map((table) => {
      const percent = Math.min(
        99,
        Math.floor((table.rows * 100) / Math.max(1, table.estimatedRows)),
      );
      return {
        table: `${table.schema.schema}.${table.schema.name}`,
        status: table.status === "copying" ? `copying (${percent}%)` : table.status,
        description: table.reason === "" ? `${table.rows} rows copied` : table.reason,
      };
    });
  }
}

/** What a stream says after its end is said again by the next one: it must not come twice. */
function whileOpen(handler: StreamHandler, ended: AbortSignal): StreamHandler {
  const open = (work: () => void): void => {
    if (!ended.aborted) work();
  };
  return {
    transaction: (transaction) => ended.aborted || handler.transaction(transaction),
    progress: (position) => open(() => handler.progress(position)),
    schemaChange: (tables) => open(() => handler.schemaChange(tables)),
    accessChange: () => open(() => handler.accessChange()),
    onReady: (callback) => handler.onReady(callback),
  };
}
