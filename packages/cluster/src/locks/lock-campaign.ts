import { Backoff, type Clock, type Logger, messageOf } from "@freshet/util";
import type { Campaign, CampaignOptions, Leader, Member } from "../contract.ts";
import { Wake } from "../wake.ts";
import { type LockEntry, type LockStore, type LockValue, nextToken } from "./lock-store.ts";

/** How often eligibility is asked. */
const TICK_MS = 500;
/** Without any news of the lock it is read as often as this. */
const READ_AGAIN_MS = 5_000;
/** A leader that may not lead for so long gives way to a server that may. */
const YIELD_AFTER_MS = 5_000;

export interface LockCampaignOptions {
  readonly store: LockStore;
  readonly key: string;
  readonly instance: string;
  /** Of this server once it has joined and while it has not left; null otherwise. */
  readonly name: () => string | null;
  /** The registered servers; null while they are not known. */
  readonly servers: () => readonly Member[] | null;
  readonly campaign: CampaignOptions;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
}

/**
 * Leadership of a region as a lock. Whatever is heard of the lock only wakes the loop; what it
 * then does rests on a read of its own, so late news never deposes a leader. Failures of the
 * authority change nothing: who leads goes on leading, who does not waits.
 */
export class LockCampaign implements Campaign {
  readonly #options: LockCampaignOptions;
  readonly #wake = new Wake();
  #value: LockValue | null = null;
  /** Beside our lock, if we have it: also when an answer was lost. */
  #mayHold: LockValue | null = null;
  #leading: Leader | null = null;
  #resigned = false;
  #seen: { readonly entry: LockEntry; readonly readMs: number } | null = null;
  #newsHeard = 0;
  #ineligibleSinceMs: number | null = null;
  /** The holder's session that was found gone once. */
  #goneSession: string | null = null;
  /** The pass of the loop that goes on, for those who must not act beside it. */
  #pass: Promise<void> = Promise.resolve();

  constructor(options: LockCampaignOptions) {
    this.#options = options;
    options.store.onSession(() => this.#news());
    options.store.watch(options.key, () => this.#news(), options.signal);
    void this.#run();
  }

  get leading(): Leader | null {
    return this.#leading;
  }

  async resign(): Promise<void> {
    this.#resigned = true;
    await this.#pass.catch(() => undefined);
    if (this.#leading === null) return;
    try {
      await this.#giveUp("it was given up");
    } catch (error) {
      this.#options.logger.warn(
        { error: messageOf(error) },
        "the leadership could not be given up; it will expire",
      );
      this.#depose("it was given up while the authority was away");
    }
  }

  resume(): void {
    this.#resigned = false;
    this.#wake.call();
  }

  /** Others have changed: a server that may lead has come or gone. */
  changed(): void {
    this.#wake.call();
  }

  async #run(): Promise<void> {
    const { signal, clock, logger, random } = this.#options;
    const backoff = new Backoff({
      firstMs: 100,
      limitMs: 2_000,
      ...(random === undefined ? {} : { random }),
    });
    while (!signal.aborted) {
      try {
        this.#pass = this.#step();
        await this.#pass;
        backoff.reset();
      } catch (error) {
        logger.debug({ error: messageOf(error) }, "the leadership could not be checked");
        await clock.wait(backoff.nextDelayMs(), signal);
      }
      await this.#wake.wait(clock, TICK_MS, signal);
    }
  }

  async #step(): Promise<void> {
    if (this.#resigned) return this.#releaseRest();
    if (this.#leading !== null) return this.#stepLeading(await this.#entry());
    const { store } = this.#options;
    if (store.session === null || !this.#mayTake()) return;
    const entry = await this.#entry();
    // Between question and answer it may have been told to resign.
    if (!this.#isResigned()) await this.#take(entry);
  }

  /** The lock as of the last news of it, or of a few seconds ago. */
  async #entry(): Promise<LockEntry> {
    const { store, key, clock } = this.#options;
    const seen = this.#seen;
    if (seen !== null && clock.monotonicMs() - seen.readMs < READ_AGAIN_MS) return seen.entry;
    const readMs = clock.monotonicMs();
    const newsBefore = this.#newsHeard;
    const entry = await store.read(key);
    if (this.#newsHeard === newsBefore) this.#seen = { entry, readMs };
    return entry;
  }

  /** Whatever was read is doubtful now. */
  #news(): void {
    this.#newsHeard += 1;
    this.#seen = null;
    this.#wake.call();
  }

  async #take(seen: LockEntry): Promise<void> {
    const { store, key, instance, name, campaign, clock, logger } = this.#options;
    const called = name();
    if (called === null) return;
    if (seen.session !== null) {
      const lostAnswer = seen.session === store.session && seen.value?.instance === instance;
      if (lostAnswer && seen.value !== null) this.#elect(seen.value);
      else await this.#endGoneHolder(seen.session, seen.value);
      return;
    }
    const value = {
      token: Math.max(nextToken(seen, clock.nowMs()), (this.#value?.token ?? 0) + 1),
      instance,
      name: called,
      region: campaign.region,
      addresses: campaign.addresses,
    };
    this.#seen = null;
    this.#mayHold = value;
    if (await store.acquire(key, value, seen)) return this.#elect(value);
    this.#mayHold = null;
    logger.debug({ region: campaign.region }, "the leadership was not taken");
  }

  /** A holder that is gone need not be waited for; it must be found gone twice, a tick apart. */
  async #endGoneHolder(session: string, value: LockValue | null): Promise<void> {
    const { store, campaign, logger } = this.#options;
    if (value === null || campaign.isGone === undefined || !campaign.eligible()) return;
    const { name, token: term, addresses = {} } = value;
    const gone = await campaign.isGone({ name, region: campaign.region, term, addresses });
    if (gone && this.#goneSession === session) {
      logger.warn({ server: name, term }, "the leader refuses connections: its lock is ended");
      this.#goneSession = null;
      await store.endSession(session);
      this.#seen = null;
    } else this.#goneSession = gone ? session : null;
  }

  async #stepLeading(entry: LockEntry): Promise<void> {
    const { instance, clock, campaign } = this.#options;
    if (entry.session === null) return this.#depose("its session expired");
    if (entry.value?.instance !== instance) {
      return this.#depose(`server ${entry.value?.name ?? "?"} took it`);
    }
    if (campaign.eligible()) {
      this.#ineligibleSinceMs = null;
      return;
    }
    this.#ineligibleSinceMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - this.#ineligibleSinceMs < YIELD_AFTER_MS) return;
    if (this.#readyElsewhere() === true)
      await this.#giveUp("another server is ready and this one is not");
  }

  async #giveUp(reason: string): Promise<void> {
    const { store, key } = this.#options;
    if (this.#value !== null) await store.release(key, this.#value);
    this.#mayHold = null;
    this.#seen = null;
    this.#depose(reason);
  }

  /** What could not be given up while the authority was away. */
  async #releaseRest(): Promise<void> {
    const { store, key } = this.#options;
    if (this.#mayHold === null || this.#leading !== null) return;
    await store.release(key, this.#mayHold);
    this.#mayHold = null;
  }

  #elect(value: LockValue): void {
    const { campaign } = this.#options;
    this.#value = value;
    this.#ineligibleSinceMs = null;
    const { region, addresses } = campaign;
    this.#leading = { name: value.name, region, term: value.token, addresses };
    campaign.onElected(this.#leading);
  }

  #depose(reason: string): void {
    if (this.#leading === null) return;
    this.#leading = null;
    this.#options.campaign.onDeposed(reason);
  }

  #isResigned(): boolean {
    return this.#resigned;
  }

  #mayTake(): boolean {
    return this.#options.campaign.eligible() || this.#readyElsewhere() === false;
  }

  /** Null: not known. */
  #readyElsewhere(): boolean | null {
    const { servers, campaign, name } = this.#options;
    const known = servers();
    if (known === null) return null;
    const own = name();
    return known.some(
      (server) => server.ready && server.region === campaign.region && server.name !== own,
    );
  }
}
