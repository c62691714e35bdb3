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
import { SILENCE_TICK_MS, SilenceMeter } from "./silence-meter.ts";

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
  /**
   * A thread that gave no sign of life for so long is ended and started again. Longer than
   * anything it may be busy with at a stretch.
   */
  readonly silenceLimitMs: number;
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
/** A drained adapter waits so long at most, after its limit, for answers that must not be lost. */
const LAST_ANSWERS_MS = 10_000;
/** A thread that is silent for so long is called hung; it may only be very busy. */
const HUNG_MS = 60_000;
/** Ending a thread by force takes effect within this time, or not at all. */
const END_LIMIT_MS = 30_000;

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
  readonly #waiting = new Set<() => void>();
  #asked = false;
  #last: { readonly snapshot: MetricsSnapshot; readonly atMs: number } | null = null;
  #silence: SilenceMeter | null = null;
  #stuck = false;
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #up = false;
  restarts = 0;

  constructor(options: SupervisedThreadOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Since it gave a sign of life; 0 while it is not up. */
  get silentMs(): number {
    return this.#silence?.silentMs ?? 0;
  }

  /** Silent for so long that something is wrong, or nearly. */
  get hung(): boolean {
    return this.silentMs > HUNG_MS;
  }

  /** It is hung and could not even be ended: only the end of the process helps. */
  get stuck(): boolean {
    return this.#stuck;
  }

  /** Of the last `snapshot`. */
  get snapshotAgeMs(): number {
    return this.#last === null ? 0 : this.#options.clock.monotonicMs() - this.#last.atMs;
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

  /** What it counted; what it said last when it does not answer in time; null if it never did. */
  async snapshot(): Promise<MetricsSnapshot | null> {
    if (!this.#up) return null;
    if (!this.#asked) {
      this.#asked = true;
      this.post({ kind: "metrics", request: 0 });
    }
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, METRICS_LIMIT_MS);
      this.#waiting.add(finish);
    });
    return this.#last?.snapshot ?? null;
  }

  #answered(snapshot: MetricsSnapshot | null): void {
    this.#asked = false;
    this.#last = snapshot === null ? null : { snapshot, atMs: this.#options.clock.monotonicMs() };
    for (const finish of [...this.#waiting]) finish();
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
      }, drainLimitMs + LAST_ANSWERS_MS);
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
    const watch = this.#watchSilence(worker);
    worker.on("message", (message: FromThread) => {
      this.#silence?.heard();
      if (message.kind === "failed") {
        const Kind = message.configuration ? ConfigurationError : OperationalError;
        reason = new Kind(message.message);
      } else if (message.kind === "metrics") {
        this.#answered(message.snapshot);
      } else onMessage(message);
      if (message.kind === "ready") {
        this.#up = true;
        this.#silence = new SilenceMeter(this.#options.clock.monotonicMs());
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
        clearInterval(watch);
        this.#silence = null;
        this.#stuck = false;
        this.#answered(null);
        resolve(reason ?? new OperationalError(`${this.name} ended with code ${code}`));
      });
    });
  }

  /** Ends a thread that is silent past its limit; its end has it started again. */
  #watchSilence(worker: Worker): NodeJS.Timeout {
    const { clock, logger, silenceLimitMs } = this.#options;
    let hung = false;
    let ended = false;
    const watch = setInterval(() => {
      const silentMs = this.#silence?.look(clock.monotonicMs()) ?? 0;
      if (this.hung !== hung) {
        hung = this.hung;
        const shown = { thread: this.name, silentMs: Math.round(silentMs) };
        if (hung) logger.error(shown, "thread gives no sign of life");
        else logger.warn({ thread: this.name }, "thread gives signs of life again");
      }
      if (silentMs > silenceLimitMs + END_LIMIT_MS) this.#stuck = ended;
      if (silentMs <= silenceLimitMs || ended || this.#stopping.signal.aborted) return;
      ended = true;
      logger.error({ thread: this.name, silenceLimitMs }, "thread is hung, ending it");
      void worker.terminate();
    }, SILENCE_TICK_MS);
    return watch;
  }
}
