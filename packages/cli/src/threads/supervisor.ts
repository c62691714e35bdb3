import { MessageChannel } from "node:worker_threads";
import { formatAddress } from "@freshet/config";
import { Metrics, type MetricsSnapshot, type Probe } from "@freshet/telemetry";
import { type Clock, type Logger, systemClock } from "@freshet/util";
import type { AdapterThreadData, EngineThreadData, FromThread } from "./messages.ts";
import { SupervisedThread } from "./supervised-thread.ts";
import { threadUrl } from "./thread-url.ts";

export interface SupervisorOptions {
  readonly engine: EngineThreadData;
  readonly adapters: readonly AdapterThreadData[];
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Heap beyond the memory limit: code, buffers in flight, garbage not yet collected. */
const HEAP_SLACK_BYTES = 1024 ** 3;

/** Before an adapter whose link ended gets a new one. */
const RELINK_MS = 1_000;

/**
 * The main thread's only work: keeps one engine thread and the adapter threads running, links
 * each adapter with the engine whenever either is new, and answers for their health. Adapters
 * start without waiting for the engine: while it is away they forward.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #engine: SupervisedThread;
  readonly #adapters: readonly SupervisedThread[];
  readonly #status = new Map<string, Readonly<Record<string, unknown>>>();
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#metrics = new Metrics(options.engine.label);
    this.#engine = this.#thread("engine", "engine-thread", options.engine);
    this.#adapters = options.adapters.map((data) =>
      this.#thread(data.name, "adapter-thread", data),
    );
    this.#metrics.onCollect(() => this.#collect());
  }

  /**
   * Starts the threads. `listening`: clients can connect, and are forwarded at least; `online`:
   * the engine follows the database. Both reject with a ConfigurationError when a thread cannot
   * work with its options; `stop` must still be called then.
   */
  start(): { readonly listening: Promise<void>; readonly online: Promise<void> } {
    const online = this.#engine.start();
    const listening = Promise.all(this.#adapters.map((adapter) => adapter.start()));
    return { listening: listening.then(() => undefined), online };
  }

  get addresses(): readonly string[] {
    return (this.#options.adapters[0]?.addresses ?? []).map(formatAddress);
  }

  /** Names the database where the process serves several. */
  get label(): string | null {
    return this.#options.engine.label;
  }

  /** The main thread answers at all, so the process lives; the detail says what its threads do. */
  live(): Probe {
    return { ok: true, detail: this.#detail() };
  }

  /** Clients can be sent here once every adapter listens, even if all is forwarded. */
  ready(): Probe {
    const ok = !this.#stopping && this.#adapters.every((adapter) => adapter.up);
    return { ok, detail: this.#detail() };
  }

  /** Of this thread and every thread that answers. */
  async metrics(): Promise<readonly MetricsSnapshot[]> {
    const threads = [this.#engine, ...this.#adapters];
    const snapshots = await Promise.all([
      this.#metrics.snapshot(),
      ...threads.map((thread) => thread.snapshot()),
    ]);
    return snapshots.filter((snapshot) => snapshot !== null);
  }

  /** Drains the adapters, then closes the engine in order. */
  async stop(drainLimitMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#adapters.map((adapter) => adapter.stop(drainLimitMs)));
    await this.#engine.stop(0);
  }

  /** Ends a thread (`engine`, `adapter-1`, …) as a crash would. For tests of what follows. */
  async crash(name: string): Promise<void> {
    const threads = [this.#engine, ...this.#adapters];
    await threads.find((thread) => thread.name === name)?.crash();
  }

  #thread(
    name: string,
    file: "engine-thread" | "adapter-thread",
    workerData: EngineThreadData | AdapterThreadData,
  ): SupervisedThread {
    const logger = this.#options.logger;
    const thread: SupervisedThread = new SupervisedThread({
      name,
      url: threadUrl(file),
      workerData,
      startedBy: file === "engine-thread" ? "online" : "ready",
      // Without an engine everything is forwarded still; without adapters nothing is.
      firstStartLimit: file === "engine-thread" ? Number.POSITIVE_INFINITY : 5,
      heapLimitBytes: workerData.memoryLimitBytes * 2 + HEAP_SLACK_BYTES,
      logger,
      clock: this.#clock,
      onUp: () => {
        if (thread === this.#engine) for (const adapter of this.#adapters) this.#link(adapter);
        else this.#link(thread);
      },
      onDown: () => {
        this.#status.delete(name);
        this.#metrics.restarts.inc({ kind: file === "engine-thread" ? "engine" : "adapter" });
      },
      onMessage: (message) => this.#message(thread, message),
    });
    return thread;
  }

  /** A new channel between the engine and this adapter, if both are there. */
  #link(adapter: SupervisedThread): void {
    if (!adapter.up || !this.#engine.up) return;
    const { port1, port2 } = new MessageChannel();
    this.#engine.post({ kind: "link", adapter: adapter.name, port: port1 }, [port1]);
    adapter.post({ kind: "link", adapter: adapter.name, port: port2 }, [port2]);
  }

  /** An engine that ended links with everybody when it is up again; a living one does it now. */
  async #linkAgain(adapter: SupervisedThread): Promise<void> {
    if (this.#stopping) return;
    const { restarts } = this.#engine;
    await this.#clock.wait(RELINK_MS);
    if (!this.#stopping && this.#engine.restarts === restarts) this.#link(adapter);
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
      case "ready":
      case "online":
      case "failed":
      case "metrics":
        return;
    }
  }

  #detail(): Readonly<Record<string, unknown>> {
    const threads = [this.#engine, ...this.#adapters].map((thread) => {
      const state = thread.up ? "up" : "down";
      return [thread.name, { state, restarts: thread.restarts, ...this.#status.get(thread.name) }];
    });
    return { stopping: this.#stopping, threads: Object.fromEntries(threads) as unknown };
  }

  #collect(): void {
    const up = this.#adapters.filter((adapter) => adapter.up).length;
    this.#metrics.threads.set({ kind: "adapter" }, up);
    this.#metrics.threads.set({ kind: "engine" }, this.#engine.up ? 1 : 0);
  }
}
