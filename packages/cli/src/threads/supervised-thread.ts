import { type TransferListItem, Worker } from "node:worker_threads";
import {
  Backoff,
  type Clock,
  ConfigurationError,
  type Logger,
  OperationalError,
  messageOf,
} from "@freshet/util";
import type { MetricsSnapshot } from "@freshet/telemetry";
import type { FromThread, ToThread } from "./messages.ts";

export interface SupervisedThreadOptions {
  readonly name: string;
  readonly url: URL;
  readonly workerData: unknown;
  /** The message that ends `start`; failing before it may be the configuration's fault. */
  readonly startedBy: "ready" | "online";
  /** So many first starts may fail before `start` does; later ends are always mended. */
  readonly firstStartLimit: number;
  /** V8's heap limit: a thread that passes it ends alone, not the process. */
  readonly heapLimitBytes: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly onUp: () => void;
  /** The thread ended unasked and will be started again. */
  readonly onDown: () => void;
  readonly onMessage: (message: FromThread) => void;
}

/** A thread that stayed up for so long was well: the next restart waits briefly again. */
const WELL_MS = 30_000;
const METRICS_LIMIT_MS = 1_000;

/**
 * A worker thread that is started again, after a growing wait, whenever it ends unasked.
 * `start` fails when the thread itself says that its configuration is at fault, or when it never
 * came up in so many attempts.
 */
export class SupervisedThread {
  readonly name: string;
  readonly #options: SupervisedThreadOptions;
  readonly #backoff = new Backoff({ firstMs: 250, limitMs: 15_000 });
  readonly #stopping = new AbortController();
  readonly #pending = new Map<number, (snapshot: MetricsSnapshot | null) => void>();
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #up = false;
  #request = 0;
  restarts = 0;

  constructor(options: SupervisedThreadOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Resolves at the thread's first `startedBy` message. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ended = this.#run({ resolve, reject });
    });
  }

  post(message: ToThread, transfer: readonly TransferListItem[] = []): void {
    this.#worker?.postMessage(message, [...transfer]);
  }

  /** Null when the thread does not answer in time. */
  async snapshot(): Promise<MetricsSnapshot | null> {
    if (!this.#up) return null;
    const request = ++this.#request;
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(null), METRICS_LIMIT_MS);
      const finish = (snapshot: MetricsSnapshot | null): void => {
        clearTimeout(timer);
        this.#pending.delete(request);
        resolve(snapshot);
      };
      this.#pending.set(request, finish);
      this.post({ kind: "metrics", request });
    });
  }

  /** Asks the thread to end; after the limit and some grace it is ended by force. */
  async stop(drainLimitMs: number): Promise<void> {
    this.#stopping.abort();
    const worker = this.#worker;
    if (worker !== null && !this.#up) await worker.terminate();
    else if (worker !== null) {
      this.post({ kind: "stop", drainLimitMs });
      const force = setTimeout(() => {
        this.#options.logger.warn({ thread: this.name }, "thread did not end in time, ending it");
        void worker.terminate();
      }, drainLimitMs + 5_000);
      await this.#ended;
      clearTimeout(force);
    }
    await this.#ended;
  }

  /** Ends the thread at once, as a crash would; it is started again. For tests of that. */
  async crash(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #run(first: { resolve: () => void; reject: (error: Error) => void }): Promise<void> {
    const { clock, logger, firstStartLimit, onDown } = this.#options;
    let failures = 0;
    let started = false;
    while (!this.#stopping.signal.aborted) {
      const startedMs = clock.monotonicMs();
      const ended = await this.#runOnce(() => {
        started = true;
        first.resolve();
      });
      if (this.#stopping.signal.aborted) break;
      const hopeless = ended instanceof ConfigurationError || ++failures >= firstStartLimit;
      if (!started && hopeless) return first.reject(ended);
      if (clock.monotonicMs() - startedMs > WELL_MS) this.#backoff.reset();
      const delayMs = this.#backoff.nextDelayMs();
      logger.error(
        { thread: this.name, error: ended, againInMs: Math.round(delayMs) },
        started ? "thread ended, starting it again" : "thread could not start, trying again",
      );
      this.restarts += 1;
      onDown();
      await clock.wait(delayMs, this.#stopping.signal);
    }
    first.reject(new OperationalError(`${this.name} was stopped before it was ready`));
  }

  /** Runs one worker to its end; the result says why it ended. */
  #runOnce(onStarted: () => void): Promise<Error> {
    const { url, workerData, heapLimitBytes, startedBy, onUp, onMessage } = this.#options;
    const worker = new Worker(url, {
      workerData,
      name: this.name,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(heapLimitBytes / 1024 ** 2) },
    });
    this.#worker = worker;
    let reason: Error | null = null;
    worker.on("message", (message: FromThread) => {
      if (message.kind === "failed") {
        const Kind = message.configuration ? ConfigurationError : OperationalError;
        reason = new Kind(message.message);
      } else if (message.kind === "metrics") {
        this.#pending.get(message.request)?.(message.snapshot);
      } else onMessage(message);
      if (message.kind === "ready") {
        this.#up = true;
        onUp();
      }
      if (message.kind === startedBy) onStarted();
    });
    worker.on("error", (error: unknown) => {
      reason ??= error instanceof Error ? error : new OperationalError(messageOf(error));
    });
    return new Promise((resolve) => {
      worker.once("exit", (code) => {
        this.#up = false;
        this.#worker = null;
        for (const finish of [...this.#pending.values()]) finish(null);
        resolve(reason ?? new OperationalError(`${this.name} ended with code ${code}`));
      });
    });
  }
}
