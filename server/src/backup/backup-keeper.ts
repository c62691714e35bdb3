import { Backoff, type Logger, messageOf } from "@freshet/util";
import { timeOfBackup } from "./backup-names.ts";
import { listBackups } from "./inventory.ts";
import { type BackupJob, makeBackup } from "./make-backup.ts";

export interface BackupOptions {
  /** `file:///directory` or `s3://bucket/prefix`. */
  readonly location: string;
  readonly intervalMs: number;
  /** Whole copies that stay. */
  readonly keep: number;
}

export interface BackupStatus {
  /** When the newest whole copy was made, ms since the epoch; null when there is none. */
  readonly lastMs: number | null;
  /** As stored; 0 until this process has made one. */
  readonly lastBytes: number;
  readonly lastSeconds: number;
  readonly made: number;
  readonly failures: number;
  /** Bytes of log that the upstream keeps for the newest one; null where unknown. */
  readonly retainedBytes: number | null;
  /** Of the last attempt; empty when it succeeded. */
  readonly lastError: string;
}

export interface BackupKeeperOptions {
  readonly job: BackupJob;
  readonly intervalMs: number;
  /** Is there something worth copying, and nothing under way that would soon replace it? */
  readonly worthwhile: (overdue: boolean) => boolean;
  readonly logger: Logger;
}

const POLL_MS = 1_000;
/** How often the upstream is asked whether it still keeps what the newest copy needs. */
const CHECK_MS = 5_000;

/** Makes a copy whenever the newest whole one is older than the interval or of no use any more. */
export class BackupKeeper {
  readonly #options: BackupKeeperOptions;
  readonly #retrying: Backoff;
  #lastMs: number | null = null;
  #lastBytes = 0;
  #lastSeconds = 0;
  #made = 0;
  #failures = 0;
  #lastError = "";
  #retainedBytes: number | null = null;
  #known = false;
  #outdated = false;

  constructor(options: BackupKeeperOptions) {
    this.#options = options;
    const limitMs = Math.max(1_000, options.intervalMs);
    this.#retrying = new Backoff({ firstMs: Math.min(5_000, limitMs), limitMs });
  }

  status(): BackupStatus {
    return {
      lastMs: this.#lastMs,
      lastBytes: this.#lastBytes,
      lastSeconds: this.#lastSeconds,
      made: this.#made,
      failures: this.#failures,
      retainedBytes: this.#retainedBytes,
      lastError: this.#lastError,
    };
  }

  /** The storage was begun anew, so what has been copied of it is of no use: a copy is due. */
  outdated(): void {
    this.#outdated = true;
  }

  /** Runs until the signal aborts; every failure is logged and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { job, worthwhile, logger, intervalMs } = this.#options;
    const { clock } = job;
    let checkedMs = -Infinity;
    while (!signal.aborted) {
      const overdue = clock.nowMs() - (this.#lastMs ?? 0) >= 2 * intervalMs;
      if (worthwhile(overdue)) {
        try {
          await this.#lookBack(signal);
          let lost: string | null = null;
          if (clock.monotonicMs() - checkedMs >= CHECK_MS) {
            const state = await job.source.backups.state();
            lost = state.lost;
            this.#retainedBytes = state.retainedBytes;
            checkedMs = clock.monotonicMs();
          }
          if (lost !== null && this.#lastMs !== null) {
            logger.warn({ reason: lost }, "earlier backups cannot be continued; making a new one");
          }
          const age = clock.nowMs() - (this.#lastMs ?? 0);
          if (lost !== null || this.#outdated || age >= intervalMs) await this.#make(signal);
        } catch (error) {
          if (signal.aborted) return;
          await this.#failed(error, signal);
        }
      }
      await clock.wait(POLL_MS, signal);
    }
  }

  async #lookBack(signal: AbortSignal): Promise<void> {
    if (this.#known) return;
    const { location, owner, clock } = this.#options.job;
    const found = await listBackups(location, owner, "own", signal);
    const newest = found.find(({ manifest }) => manifest !== null);
    this.#known = true;
    if (newest === undefined) return;
    // A clock that went back must not put the next copy off.
    this.#lastMs = Math.min(timeOfBackup(newest.name), clock.nowMs());
  }

  async #make(signal: AbortSignal): Promise<void> {
    const { job, logger } = this.#options;
    const startedMs = job.clock.monotonicMs();
    this.#outdated = false;
    const { name, position, bytes } = await makeBackup(job, signal);
    this.#lastSeconds = (job.clock.monotonicMs() - startedMs) / 1000;
    this.#lastMs = job.clock.nowMs();
    this.#lastBytes = bytes;
    this.#made += 1;
    this.#lastError = "";
    this.#retrying.reset();
    const seconds = Number(this.#lastSeconds.toFixed(2));
    logger.info({ backup: name, position, bytes, seconds }, "the storage was backed up");
  }

  /** There is no whole copy yet, so the upstream must not keep its log for one. */
  async #holdNothing(): Promise<void> {
    const { job, logger } = this.#options;
    try {
      await job.source.backups.drop();
    } catch (error) {
      logger.warn(
        { error: messageOf(error) },
        "the upstream keeps its log for a backup that failed",
      );
    }
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const { job, logger } = this.#options;
    this.#failures += 1;
    this.#outdated = true;
    this.#lastError = messageOf(error);
    const delayMs = this.#retrying.nextDelayMs();
    const facts = { error: this.#lastError, retryInSeconds: Math.ceil(delayMs / 1000) };
    logger.error(facts, "the backup failed");
    if (this.#known && this.#lastMs === null) await this.#holdNothing();
    await job.clock.wait(delayMs, signal);
  }
}
