import type { AdapterLink } from "@freshet/rpc";
import { LinkRefused } from "@freshet/rpc";
import type { Clock, Logger } from "@freshet/util";
import { Backoff, messageOf } from "@freshet/util";
import type { OwnedRouter } from "./router.ts";

/** Who leads; as `Leader` of `@freshet/cluster`. */
export interface FollowedLeader {
  readonly name: string;
  readonly region: string;
  readonly term: number;
  readonly addresses: Readonly<Record<string, string>>;
}

export interface LeaderLinkOptions {
  readonly router: Pick<OwnedRouter, "attach" | "lacks">;
  /** See `dialTcp`; ends when the signal aborts. */
  readonly dial: (leader: FollowedLeader, signal: AbortSignal) => Promise<AdapterLink>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0..1, for the back-off. */
  readonly random?: () => number;
}

const FIRST_DELAY_MS = 100;
const NO_LEADER = "no server leads the deployment";
const LONGEST_DELAY_MS = 2_000;
/** A link that held so long was a good one: the next failure is a new one. */
const SETTLED_MS = 10_000;

/**
 * Keeps the router linked to the present leader. Which server that is decides only where caches
 * are created: every server that follows its database answers exactly, and says so itself when it
 * does not. Therefore
 * - when another leads, its link is made first and then takes the old one's place, so a hand-over
 *   costs a few forwarded reads; the old leader may be the one to end the link earlier;
 * - when nobody leads, a link that works is kept (it is the authority that lost touch with the
 *   leader, perhaps not we), but no new one is made;
 * - `drop` ends the link at once.
 * A link that ends is made again after a jittered back-off, for as long as its leader leads.
 */
export class LeaderLink {
  readonly #options: LeaderLinkOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #leader: FollowedLeader | null = null;
  #link: AdapterLink | null = null;
  /** Whom the link leads to. */
  #linked: FollowedLeader | null = null;
  #linkedMs = 0;
  /** Aborted when there is something new to decide. */
  #news = new AbortController();
  #failure = "";

  constructor(options: LeaderLinkOptions) {
    const { random } = options;
    this.#options = options;
    this.#backoff = new Backoff({
      firstMs: FIRST_DELAY_MS,
      limitMs: LONGEST_DELAY_MS,
      ...(random === undefined ? {} : { random }),
    });
    // Who leads is learned in a moment.
    options.router.lacks({ reason: NO_LEADER, mayCome: true });
    this.#running = this.#run();
  }

  get connected(): boolean {
    return this.#link !== null;
  }

  /** Whom the present link leads to, if there is one. */
  get linkedTo(): FollowedLeader | null {
    return this.#linked;
  }

  follow(leader: FollowedLeader | null): void {
    if (same(leader, this.#leader)) return;
    this.#leader = leader;
    this.#failure = "";
    this.#backoff.reset();
    if (leader === null) this.#options.router.lacks({ reason: NO_LEADER, mayCome: false });
    else this.#unreachable(leader, "not linked to it yet");
    this.#decide();
  }

  /** Ends the link, if there is one; it is made again when somebody leads. */
  drop(): void {
    this.#link?.close();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#decide();
    await this.#running;
    this.drop();
  }

  #decide(): void {
    this.#news.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#news = new AbortController();
      const news = this.#news.signal;
      const leader = this.#leader;
      if (leader === null || same(leader, this.#linked)) await aborted(news);
      else if (!(await this.#dial(leader, news))) {
        await this.#options.clock.wait(this.#backoff.nextDelayMs(), news);
      }
    }
  }

  /** False when it failed. */
  async #dial(leader: FollowedLeader, news: AbortSignal): Promise<boolean> {
    try {
      const link = await this.#options.dial(leader, news);
      if (news.aborted) link.close();
      else this.#attach(leader, link);
      return true;
    } catch (error) {
      if (!news.aborted) this.#failed(leader, error);
      return false;
    }
  }

  #attach(leader: FollowedLeader, link: AdapterLink): void {
    const { router, clock, logger } = this.#options;
    this.#link = link;
    this.#linked = leader;
    this.#linkedMs = clock.monotonicMs();
    this.#failure = "";
    logger.info({ server: leader.name, term: leader.term }, "linked to the leader");
    // Ends the link before.
    router.attach(link);
    link.onClose(() => {
      if (this.#link !== link) return;
      this.#link = this.#linked = null;
      this.#ended(leader);
    });
  }

  #ended(leader: FollowedLeader): void {
    const { clock, logger } = this.#options;
    if (this.#stopping.signal.aborted) return;
    const heldMs = clock.monotonicMs() - this.#linkedMs;
    if (heldMs >= SETTLED_MS) this.#backoff.reset();
    logger.warn({ server: leader.name, term: leader.term }, "the link to the leader ended");
    // Else another is dialled already, or nobody is to be.
    if (!same(leader, this.#leader)) return;
    this.#unreachable(leader, "the link to it ended");
    // So that a thousand adapters do not come back in one moment.
    const news = this.#news.signal;
    void clock.wait(this.#backoff.nextDelayMs(), news).then(() => {
      if (!news.aborted) this.#decide();
    });
  }

  #unreachable({ name }: FollowedLeader, why: string): void {
    const reason = `the server ${name} cannot be reached: ${why}`;
    this.#options.router.lacks({ reason, mayCome: true });
  }

  /** Said once, not at every attempt. */
  #failed(leader: FollowedLeader, error: unknown): void {
    const reason = messageOf(error);
    this.#unreachable(leader, reason);
    if (reason === this.#failure) return;
    this.#failure = reason;
    const fields = { server: leader.name, term: leader.term, reason };
    const message =
      error instanceof LinkRefused
        ? "the leader and this adapter do not go together; forwarding, trying again"
        : "the leader cannot be reached; forwarding, trying again";
    this.#options.logger.warn(fields, message);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function same(one: FollowedLeader | null, other: FollowedLeader | null): boolean {
  if (one === null || other === null) return one === other;
  if (one.name !== other.name || one.region !== other.region || one.term !== other.term)
    return false;
  const dialects = Object.keys(one.addresses);
  return (
    dialects.length === Object.keys(other.addresses).length &&
    dialects.every((dialect) => one.addresses[dialect] === other.addresses[dialect])
  );
}
