import { MessageChannel } from "node:worker_threads";
import { formatAddress } from "@freshet/config";
import { Metrics, type MetricsSnapshot, type Probe } from "@freshet/telemetry";
import { type Clock, type Logger, systemClock } from "@freshet/util";
import type {
  AdapterThreadData,
  EngineThreadData,
  FromEngine,
  FromThread,
  ToThread,
} from "./messages.ts";
import { SupervisedThread } from "./supervised-thread.ts";
import { threadUrl } from "./thread-url.ts";

/** The threads of one database that run in this process: combined mode has both kinds. */
export interface SupervisorOptions {
  readonly engine: EngineThreadData | null;
  readonly adapters: readonly AdapterThreadData[];
  readonly logger: Logger;
  readonly clock?: Clock;
  /** A thread is up, for the first time or again: what it must know is to be said now. */
  readonly onUp?: (kind: ThreadKind, post: (message: ToThread) => void) => void;
  /** The engine asks for what the main thread keeps. */
  readonly onEngine?: (message: FromEngine) => void;
}

/**
 * An adapter never works long at a stretch. An engine may: a fill or a commit that concerns very
 * many rows is one evaluation.
 */
const SILENCE_LIMIT_MS: Readonly<Record<ThreadKind, number>> = {
  adapter: 120_000,
  engine: 600_000,
};

export type ThreadKind = "engine" | "adapter";

/** Heap beyond the memory limit: code, buffers in flight, garbage not yet collected. */
const HEAP_SLACK_BYTES = 1024 ** 3;

/** An engine that says nothing for so long may not be answering: another server is better. */
const SILENT_ENGINE_MS = 10_000;

/** Before an adapter whose link ended gets a new one. */
const RELINK_MS = 1_000;

/**
 * Keeps the engine thread and the adapter threads of one database running, links each adapter
 * with the engine of its process whenever either is new, and answers for their health. Adapters
 * start without waiting for an engine: while it is away they forward.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #engine: SupervisedThread | null;
  readonly #adapters: readonly SupervisedThread[];
  readonly #status = new Map<string, Readonly<Record<string, unknown>>>();
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#metrics = new Metrics(this.label);
    this.#engine = options.engine === null ? null : this.#thread("engine", options.engine);
    this.#adapters = options.adapters.map((data) => this.#thread("adapter", data, data.name));
    this.#metrics.onCollect(() => this.#collect());
  }

  /**
   * Starts the threads. `listening`: clients can connect, and are forwarded at least; `online`:
   * the engine, if there is one here, follows the database. Both reject with a ConfigurationError
   * when a thread cannot work with its options; `stop` must still be called then.
   */
  start(): { readonly listening: Promise<void>; readonly online: Promise<void> } {
    const online = this.#engine?.start() ?? Promise.resolve();
    const listening = Promise.all(this.#adapters.map((adapter) => adapter.start()));
    return { listening: listening.then(() => undefined), online };
  }

  get addresses(): readonly string[] {
    return (this.#options.adapters[0]?.addresses ?? []).map(formatAddress);
  }

  /** Names the database where the process serves several. */
  get label(): string | null {
    const { engine, adapters } = this.#options;
    return (engine ?? adapters[0])?.label ?? null;
  }

  /** The engine follows its database, by its own account, which must not be old. */
  get serving(): boolean {
    const fresh = this.#engine !== null && this.#engine.silentMs < SILENT_ENGINE_MS;
    return fresh && this.#status.get("engine")?.["serving"] === true;
  }

  /** Links over TCP, at the engine's or at the adapters' end. */
  get links(): number {
    return [...this.#status.values()].reduce((sum, one) => sum + Number(one["links"] ?? 0), 0);
  }

  /** To a thread that is starting too: it reads it when it can. */
  tell(kind: ThreadKind, message: ToThread): void {
    for (const thread of kind === "engine" ? [this.#engine] : this.#adapters) {
      thread?.post(message);
    }
  }

  /**
   * The main thread answers at all, so the process lives, unless a thread is hung that cannot be
   * ended; the detail says what its threads do.
   */
  live(): Probe {
    return { ok: this.#threads().every((thread) => !thread.stuck), detail: this.#detail() };
  }

  /**
   * Clients can be sent here once every adapter listens, even if all is forwarded; an engine alone
   * is ready while it follows its database.
   */
  ready(): Probe {
    // What a hung one has accepted it does not answer.
    const hung = this.#adapters.some((adapter) => adapter.hung);
    const able = this.#adapters.length > 0 ? this.started && !hung : this.serving;
    return { ok: !this.#stopping && able, detail: this.#detail() };
  }

  /** Every thread that clients or adapters connect to listens. */
  get started(): boolean {
    const listening = this.#adapters.length > 0 ? this.#adapters : [this.#engine];
    return listening.every((thread) => thread?.up === true);
  }

  /** Nobody is to be sent here any more; `stop` follows. */
  announceStop(): void {
    this.#stopping = true;
  }

  /** Of this thread and every other; those of a busy thread are the last ones known. */
  async metrics(): Promise<readonly MetricsSnapshot[]> {
    const snapshots = await Promise.all(this.#threads().map((thread) => thread.snapshot()));
    const own = await this.#metrics.snapshot();
    return [own, ...snapshots.filter((snapshot) => snapshot !== null)];
  }

  /** Drains the adapters, then closes the engine in order. */
  async stop(drainLimitMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#adapters.map((adapter) => adapter.stop(drainLimitMs)));
    await this.#engine?.stop(0);
  }

  /** Ends a thread (`engine`, `adapter-1`, …) as a crash would. For tests of what follows. */
  async crash(name: string): Promise<void> {
    await this.#threads()
      .find((thread) => thread.name === name)
      ?.crash();
  }

  #threads(): readonly SupervisedThread[] {
    return this.#engine === null ? this.#adapters : [this.#engine, ...this.#adapters];
  }

  #thread(
    kind: ThreadKind,
    workerData: EngineThreadData | AdapterThreadData,
    name: string = kind,
  ): SupervisedThread {
    const { logger, onUp } = this.#options;
    const thread: SupervisedThread = new SupervisedThread({
      name,
      url: threadUrl(`${kind}-thread`),
      workerData,
      startedBy: kind === "engine" ? "online" : "ready",
      // Without an engine everything is forwarded still; without adapters nothing is.
      firstStartLimit: kind === "engine" ? Number.POSITIVE_INFINITY : 5,
      silenceLimitMs: SILENCE_LIMIT_MS[kind],
      heapLimitBytes: workerData.memoryLimitBytes * 2 + HEAP_SLACK_BYTES,
      logger,
      clock: this.#clock,
      onUp: () => {
        onUp?.(kind, (message) => thread.post(message));
        if (kind === "engine") for (const adapter of this.#adapters) this.#link(adapter);
        else this.#link(thread);
      },
      onDown: () => {
        this.#status.delete(name);
        this.#metrics.supervision.restarts.inc({ kind });
      },
      onMessage: (message) => this.#message(thread, message),
    });
    return thread;
  }

  /** A new channel between the engine and this adapter, if both are there. */
  #link(adapter: SupervisedThread): void {
    if (!adapter.up || this.#engine?.up !== true) return;
    const { port1, port2 } = new MessageChannel();
    this.#engine.post({ kind: "link", adapter: adapter.name, port: port1 }, [port1]);
    adapter.post({ kind: "link", adapter: adapter.name, port: port2 }, [port2]);
  }

  /** An engine that ended links with everybody when it is up again; a living one does it now. */
  async #linkAgain(adapter: SupervisedThread): Promise<void> {
    const engine = this.#engine;
    if (this.#stopping || engine === null) return;
    const { restarts } = engine;
    await this.#clock.wait(RELINK_MS);
    if (!this.#stopping && engine.restarts === restarts) this.#link(adapter);
  }

  #message(from: SupervisedThread, message: FromThread): void {
    switch (message.kind) {
      case "status":
        this.#status.set(from.name, message.status);
        return;
      case "cancel":
        for (const adapter of this.#adapters) if (adapter !== from) adapter.post(message);
        return;
      case "unlinked":
        void this.#linkAgain(from);
        return;
      case "read-document":
      case "write-document":
      case "replicas":
        this.#options.onEngine?.(message);
        return;
      case "ready":
      case "online":
      case "failed":
      case "metrics":
        return;
    }
  }

  #detail(): Readonly<Record<string, unknown>> {
    const threads = this.#threads().map((thread) => {
      const state = thread.hung ? "hung" : thread.up ? "up" : "down";
      return [thread.name, { state, restarts: thread.restarts, ...this.#status.get(thread.name) }];
    });
    return { stopping: this.#stopping, threads: Object.fromEntries(threads) as unknown };
  }

  #collect(): void {
    const { supervision } = this.#metrics;
    for (const kind of ["engine", "adapter"] as const) {
      const engine = this.#engine === null ? [] : [this.#engine];
      const threads = kind === "engine" ? engine : this.#adapters;
      if (threads.length === 0) continue;
      const count = (is: (thread: SupervisedThread) => boolean) => threads.filter(is).length;
      supervision.threads.set(
        { kind },
        count((thread) => thread.up),
      );
      supervision.hung.set(
        { kind },
        count((thread) => thread.hung),
      );
      const worst = (of: (thread: SupervisedThread) => number) => Math.max(...threads.map(of));
      supervision.silentSeconds.set({ kind }, worst((thread) => thread.silentMs) / 1000);
      supervision.snapshotAgeSeconds.set({ kind }, worst((thread) => thread.snapshotAgeMs) / 1000);
    }
  }
}
