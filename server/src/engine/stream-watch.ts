import type { Clock } from "@freshet/util";

/** A healthy stream answers a nudge within milliseconds; this long without a word is silence. */
const SILENT_AFTER_MS = 5_000;
/** Long silence can be the upstream decoding one large transaction; a dead peer is worse. */
const GIVE_UP_AFTER_MS = 120_000;
const TICK_MS = 1_000;

export interface StreamWatchOptions {
  readonly clock: Clock;
  readonly nudge: () => void;
  /** Nothing has been heard for some seconds: answers may be old, stop giving them. */
  readonly onSilent: () => void;
  /** The stream speaks again: catch up, then serve. */
  readonly onHeard: () => void;
  /** So long that the connection must be taken for dead. */
  readonly onDead: () => void;
}

/**
 * Notices a stream that is connected but says nothing (network partition, stopped upstream).
 * Without it the adapters would go on giving answers that nobody keeps current.
 */
export class StreamWatch {
  readonly #options: StreamWatchOptions;
  #heardMs: number;
  #silent = false;

  constructor(options: StreamWatchOptions) {
    this.#options = options;
    this.#heardMs = options.clock.monotonicMs();
  }

  heard(): void {
    this.#heardMs = this.#options.clock.monotonicMs();
  }

  /** Since the stream last said something. */
  get quietMs(): number {
    return this.#options.clock.monotonicMs() - this.#heardMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, nudge, onSilent, onHeard, onDead } = this.#options;
    this.heard();
    this.#silent = false;
    while (!signal.aborted) {
      nudge();
      const tickMs = clock.monotonicMs();
      await clock.wait(TICK_MS, signal);
      if (signal.aborted) return;
      // Our own thread was busy: what arrived meanwhile has not been read yet.
      const lateMs = clock.monotonicMs() - tickMs - TICK_MS;
      if (lateMs > TICK_MS) this.#heardMs += lateMs;
      // Stopped for so long (SIGSTOP, say), what is known here is old: catch up before answering.
      if (lateMs > SILENT_AFTER_MS && !this.#silent) {
        this.#silent = true;
        onSilent();
      }
      const { quietMs } = this;
      if (quietMs > GIVE_UP_AFTER_MS) return onDead();
      if (quietMs > SILENT_AFTER_MS && !this.#silent) {
        this.#silent = true;
        onSilent();
      } else if (quietMs <= SILENT_AFTER_MS && this.#silent) {
        this.#silent = false;
        onHeard();
      }
    }
  }
}
