import { randomUUID } from "node:crypto";
import { type Clock, type Logger, silentLogger, systemClock } from "@freshet/util";
import type {
  Authority,
  Campaign,
  CampaignOptions,
  Leader,
  Member,
  MemberKind,
  Membership,
  SharedDocument,
  WriteResult,
} from "../contract.ts";
import { LockCampaign } from "../locks/lock-campaign.ts";
import { NameOwnership } from "../locks/name-ownership.ts";
import { thisProcess } from "../locks/process-identity.ts";
import { watchLock } from "../locks/watch-leader.ts";
import { LocalLocks } from "./local-locks.ts";
import { LocalSpace } from "./local-space.ts";

export interface LocalAuthorityOptions {
  /** Shared by the authorities that are to meet; one of its own when absent. */
  readonly space?: LocalSpace;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** An authority within this process: combined mode, and tests of others. Always reachable. */
export function localAuthority(options: LocalAuthorityOptions = {}): Authority {
  return new LocalAuthority(options);
}

const leaderKey = (region: string): string => `leaders/${region}`;
const nameKey = (name: string): string => `servers/${name}`;

class LocalAuthority implements Authority {
  readonly reachable = true;
  readonly #space: LocalSpace;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #instance = randomUUID();
  readonly #locks: LocalLocks;
  readonly #closed = new AbortController();
  readonly #campaigns = new Map<string, LockCampaign>();
  readonly #memberships = new Set<Membership>();
  #joined: (() => Member) | null = null;

  constructor({ space, clock, logger }: LocalAuthorityOptions) {
    this.#space = space ?? new LocalSpace();
    this.#clock = clock ?? systemClock;
    this.#logger = logger ?? silentLogger;
    this.#locks = new LocalLocks(this.#space, this.#instance);
  }

  onReachable(): void {
    // It never changes.
  }

  async read(name: string): Promise<SharedDocument> {
    return this.#space.document(name);
  }

  async write(
    name: string,
    value: unknown,
    version: string,
    fence: Leader | null,
  ): Promise<WriteResult> {
    if (fence !== null) {
      const leading = this.#campaigns.get(fence.region)?.leading ?? null;
      const { session } = this.#space.lock(leaderKey(fence.region));
      if (leading?.term !== fence.term || session !== this.#instance) return { kind: "fenced" };
    }
    const written = this.#space.putDocument(name, value, version);
    return written === null ? { kind: "conflict" } : { kind: "written", version: written };
  }

  watch(name: string, handler: (document: SharedDocument) => void, signal: AbortSignal): void {
    this.#space.watch(() => this.#space.document(name), handler, this.#until(signal));
  }

  async join(state: () => Member, onUsurped: (reason: string) => void): Promise<Membership> {
    const { kind, name } = state();
    const ownership = kind === "server" ? await this.#own(name, onUsurped) : null;
    if (kind === "server") this.#joined = state;
    this.#space.setMember(state());
    const membership: Membership = {
      token: ownership?.token ?? 0,
      changed: () => this.#space.setMember(state()),
      leave: async () => {
        if (!this.#memberships.delete(membership)) return;
        if (kind === "server") this.#joined = null;
        this.#space.removeMember(kind, name);
        await ownership?.release();
      },
    };
    this.#memberships.add(membership);
    return membership;
  }

  watchMembers(
    kind: MemberKind,
    handler: (members: readonly Member[]) => void,
    signal: AbortSignal,
  ): void {
    this.#space.watch(() => this.#space.members(kind), handler, this.#until(signal));
  }

  campaign(options: CampaignOptions): Campaign {
    const { signal } = this.#closed;
    const campaign = new LockCampaign({
      ...{ store: this.#locks, key: leaderKey(options.region), campaign: options },
      ...{ instance: this.#instance, signal, clock: this.#clock, logger: this.#logger },
      name: () => this.#joined?.().name ?? null,
      servers: () => this.#space.members("server"),
    });
    this.watchMembers("server", () => campaign.changed(), signal);
    this.#campaigns.set(options.region, campaign);
    return campaign;
  }

  watchLeader(region: string, handler: (leader: Leader | null) => void, signal: AbortSignal): void {
    watchLock(this.#locks, leaderKey(region), region, handler, this.#until(signal));
  }

  async close(): Promise<void> {
    for (const membership of [...this.#memberships]) await membership.leave();
    this.#closed.abort();
    this.#locks.end();
  }

  async #own(name: string, onUsurped: (reason: string) => void): Promise<NameOwnership> {
    const ownership = new NameOwnership({
      ...{ store: this.#locks, key: nameKey(name), name, onUsurped, expiryMs: 0 },
      ...{ instance: this.#instance, clock: this.#clock, logger: this.#logger },
      process: await thisProcess(),
    });
    await ownership.take(this.#closed.signal);
    return ownership;
  }

  #until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#closed.signal]);
  }
}
