import { createHash } from "node:crypto";
import { type Zone, zoneFromTransitions } from "@freshet/pg-wire";
import { type Logger, messageOf } from "@freshet/util";
import { isLearnable, type ZoneTransitions } from "./learn-zone.ts";

export interface KnownZone {
  readonly zone: Zone;
  /** Names the offsets: equal editions of a name print the same. */
  readonly edition: string;
}

/** Asks the upstream; rejects when it cannot tell, or when aborted. */
export type LearnZone = (name: string, signal: AbortSignal) => Promise<ZoneTransitions>;

export interface ZoneLimits {
  /** Zones at once; more are not learned until one has not been asked for in `expiryMs`. */
  readonly zones: number;
  readonly relearnMs: number;
  readonly retryMs: number;
  /** What was learned so long ago is not used any more. */
  readonly expiryMs: number;
}

export const ZONE_LIMITS: ZoneLimits = {
  zones: 64,
  relearnMs: 3_600_000,
  retryMs: 60_000,
  expiryMs: 7_200_000,
};

interface ZoneRecord {
  known: KnownZone | null;
  learnedAtMs: number;
  askedAtMs: number;
  /** Null: being learned or waiting for its turn. Else when it may be learned (again). */
  dueAtMs: number | null;
}

/** Never the same for two states of any books: one number tells both which and what. */
let lastState = 0;

/**
 * The named time zones of one upstream, learned from it in the background when first asked for,
 * one at a time. Rules may change with the upstream's time zone data, so they are learned again
 * from time to time.
 */
export class ZoneBook {
  readonly #learn: LearnZone;
  readonly #logger: Logger;
  readonly #limits: ZoneLimits;
  readonly #records = new Map<string, ZoneRecord>();
  readonly #waiting: string[] = [];
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #learning = false;
  #serverVersion: string | null = null;
  /** No new zone is learned before. */
  #startMs = 0;
  #state = ++lastState;

  constructor(learn: LearnZone, logger: Logger, limits: ZoneLimits = ZONE_LIMITS) {
    this.#learn = learn;
    this.#logger = logger;
    this.#limits = limits;
  }

  /** What was made from lookups is to be made again when this number has changed. */
  get state(): number {
    return this.#state;
  }

  /** `name` as the upstream reports it. Undefined: not known, perhaps later. */
  lookup(name: string): KnownZone | undefined {
    const now = performance.now();
    const record = this.#records.get(name) ?? this.#open(name, now);
    if (record === null) return undefined;
    record.askedAtMs = now;
    if (record.dueAtMs !== null && now >= record.dueAtMs) {
      record.dueAtMs = null;
      this.#waiting.push(name);
      void this.#learnWaiting();
    }
    if (record.known !== null && now - record.learnedAtMs > this.#limits.expiryMs) {
      record.known = null;
    }
    return record.known ?? undefined;
  }

  /** A connection to the upstream was greeted: another server may have other time zone data. */
  sawServer(version: string | undefined): void {
    if (version === undefined || version === this.#serverVersion) return;
    const first = this.#serverVersion === null;
    this.#serverVersion = version;
    if (first) return;
    this.#records.clear();
    this.#waiting.length = 0;
    // Not at once: servers of two versions behind one address would have us ask all the time.
    this.#startMs = performance.now() + this.#limits.retryMs;
    this.#changed();
  }

  close(): void {
    this.#closing.abort();
    this.#waiting.length = 0;
    clearTimeout(this.#timer);
  }

  #open(name: string, now: number): ZoneRecord | null {
    if (this.#closing.signal.aborted || !isLearnable(name)) return null;
    if (this.#records.size >= this.#limits.zones && !this.#forgetUnused(now)) return null;
    const record = {
      known: null,
      learnedAtMs: 0,
      askedAtMs: now,
      dueAtMs: Math.max(now, this.#startMs),
    };
    this.#records.set(name, record);
    if (record.dueAtMs > now) this.#schedule();
    return record;
  }

  #forgetUnused(now: number): boolean {
    for (const [name, record] of this.#records) {
      if (record.dueAtMs === null || now - record.askedAtMs < this.#limits.expiryMs) continue;
      return this.#records.delete(name);
    }
    return false;
  }

  async #learnWaiting(): Promise<void> {
    if (this.#learning) return;
    this.#learning = true;
    for (;;) {
      const name = this.#waiting.shift();
      if (name === undefined) break;
      const record = this.#records.get(name);
      if (record !== undefined) await this.#learnOne(name, record);
    }
    this.#learning = false;
  }

  async #learnOne(name: string, record: ZoneRecord): Promise<void> {
    let waitMs = this.#limits.relearnMs;
    try {
      const transitions = await this.#learn(name, this.#closing.signal);
      // Forgotten meanwhile: what was learned may be of the server before.
      if (this.#records.get(name) !== record) return;
      const edition = editionOf(transitions);
      record.learnedAtMs = performance.now();
      if (record.known?.edition !== edition) {
        record.known = { zone: zoneFromTransitions(transitions), edition };
        this.#changed();
      }
    } catch (error) {
      waitMs = this.#limits.retryMs;
      this.#logger.info({ zone: name, error: messageOf(error) }, "a time zone was not learned");
    }
    record.dueAtMs = performance.now() + waitMs;
    this.#schedule();
  }

  /** So that zones are looked up again when the next of them is due. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#closing.signal.aborted) return;
    const now = performance.now();
    const dues = [...this.#records.values()].flatMap(({ dueAtMs }) =>
      dueAtMs === null || dueAtMs <= now ? [] : [dueAtMs],
    );
    if (dues.length === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#changed();
        this.#schedule();
      },
      Math.min(...dues) - now + 1,
    );
    this.#timer.unref();
  }

  #changed(): void {
    this.#state = ++lastState;
  }
}

function editionOf(transitions: ZoneTransitions): string {
  return createHash("sha256").update(JSON.stringify(transitions)).digest("hex").slice(0, 16);
}
