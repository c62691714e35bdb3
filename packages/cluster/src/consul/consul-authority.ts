import { randomUUID } from "node:crypto";
import { type Clock, type Logger, systemClock } from "@freshet/util";
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
import { ConsulClient } from "./consul-client.ts";
import { ConsulLocks } from "./consul-locks.ts";
import type { ConsulOptions } from "./consul-options.ts";
import { Documents } from "./documents.ts";
import { Keys } from "./keys.ts";
import { type KvEntry, readKv } from "./kv-entry.ts";
import { PING_TIMEOUT_MS, Reachability } from "./reachability.ts";
import { Registration } from "./registration.ts";
import { Session } from "./session.ts";
import { queryMembers } from "./watch-members.ts";
import { watchQuery } from "./watch-query.ts";

/** The time between a session's expiry and our seeing it. */
const EXPIRY_MARGIN_MS = 2_000;

/** The deployment's authority in Consul, which need not answer yet. */
export function connectConsul(options: ConsulOptions): Authority {
  return new ConsulAuthority(options);
}

/**
 * Consul as the authority. Documents and locks are read in `consistent` mode, members in the
 * default one. Requests that wait for a change are asked anew when Consul answers again after it
 * was away; each has a time limit, and each watch one request at a time, so nothing piles up.
 */
class ConsulAuthority implements Authority {
  readonly #options: ConsulOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #instance = randomUUID();
  readonly #client: ConsulClient;
  readonly #keys: Keys;
  readonly #session: Session;
  readonly #locks: ConsulLocks;
  readonly #documents: Documents;
  readonly #reachability: Reachability;
  readonly #closed = new AbortController();
  readonly #campaigns = new Map<string, LockCampaign>();
  readonly #registrations = new Set<Registration>();
  #renewal = new AbortController();
  /** This server, while it is a member. */
  #joined: (() => Member) | null = null;
  #servers: readonly Member[] | null = null;

  constructor(options: ConsulOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger;
    this.#client = new ConsulClient(options);
    this.#keys = new Keys(options.deployment);
    this.#session = new Session({
      ...{ client: this.#client, clock: this.#clock, logger: this.#logger },
      ...{ random: options.random, ttlMs: options.sessionTtlMs },
      name: `freshet ${options.deployment}`,
    });
    const watchKv = this.#watchKv.bind(this);
    this.#locks = new ConsulLocks(this.#client, this.#session, watchKv);
    this.#documents = new Documents(this.#client, this.#keys, watchKv, this.#logger);
    this.#reachability = new Reachability({
      ping: () => readKv(this.#client, this.#keys.leader(""), { timeoutMs: PING_TIMEOUT_MS }),
      signal: this.#closed.signal,
      ...{ clock: this.#clock, logger: this.#logger },
    });
    this.#client.onFailure = () => this.#reachability.doubt();
    this.onReachable((reachable) => {
      if (reachable) this.#renew();
    });
  }

  get reachable(): boolean {
    return this.#reachability.reachable;
  }

  onReachable(handler: (reachable: boolean) => void): void {
    this.#reachability.onReachable(handler);
  }

  read(name: string): Promise<SharedDocument> {
    return this.#documents.read(name);
  }

  async write(
    name: string,
    value: unknown,
    version: string,
    fence: Leader | null,
  ): Promise<WriteResult> {
    if (fence === null) return this.#documents.write(name, value, version, null);
    const leading = this.#campaigns.get(fence.region)?.leading ?? null;
    const session = this.#session.id;
    if (leading?.term !== fence.term || session === null) return { kind: "fenced" };
    const key = this.#keys.leader(fence.region);
    return this.#documents.write(name, value, version, { key, session });
  }

  watch(name: string, handler: (document: SharedDocument) => void, signal: AbortSignal): void {
    this.#documents.watch(name, handler, this.#until(signal));
  }

  async join(state: () => Member, onUsurped: (reason: string) => void): Promise<Membership> {
    const { kind, name } = state();
    const registration = new Registration({
      ...{ client: this.#client, keys: this.#keys, clock: this.#clock, logger: this.#logger },
      ...{ state, random: this.#options.random, ttlMs: this.#options.sessionTtlMs },
    });
    const usurped = (reason: string): void => {
      registration.abandon();
      this.#joined = null;
      for (const campaign of this.#campaigns.values()) void campaign.resign();
      onUsurped(reason);
    };
    const ownership = kind === "server" ? await this.#own(name, usurped) : null;
    try {
      await registration.start();
    } catch (error) {
      await ownership?.release().catch(() => undefined);
      throw error;
    }
    this.#registrations.add(registration);
    if (kind === "server") this.#joined = state;
    return {
      get token() {
        return ownership?.token ?? 0;
      },
      changed: () => registration.changed(),
      leave: async () => {
        if (kind === "server") this.#joined = null;
        this.#registrations.delete(registration);
        await Promise.all([registration.stop(), ownership?.release()]);
      },
    };
  }

  watchMembers(
    kind: MemberKind,
    handler: (members: readonly Member[]) => void,
    signal: AbortSignal,
  ): void {
    let last = "";
    this.#watch(
      (after, limit) => queryMembers(this.#client, this.#keys, kind, after, limit),
      (members) => {
        const text = JSON.stringify(members);
        if (text === last) return;
        last = text;
        handler(members);
      },
      signal,
    );
  }

  campaign(options: CampaignOptions): Campaign {
    this.#session.start();
    const { signal } = this.#closed;
    if (this.#campaigns.size === 0) {
      const learn = (servers: readonly Member[]): void => {
        this.#servers = servers;
        for (const each of this.#campaigns.values()) each.changed();
      };
      this.watchMembers("server", learn, signal);
    }
    const campaign = new LockCampaign({
      ...{ store: this.#locks, key: this.#keys.leader(options.region), campaign: options },
      ...{ instance: this.#instance, signal, clock: this.#clock, logger: this.#logger },
      name: () => this.#joined?.().name ?? null,
      servers: () => this.#servers,
      ...(this.#options.random === undefined ? {} : { random: this.#options.random }),
    });
    this.#campaigns.set(options.region, campaign);
    return campaign;
  }

  watchLeader(region: string, handler: (leader: Leader | null) => void, signal: AbortSignal): void {
    watchLock(this.#locks, this.#keys.leader(region), region, handler, signal);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const registrations = [...this.#registrations].map((registration) => registration.stop());
    await Promise.allSettled([...registrations, this.#session.close()]);
    this.#client.close();
  }

  async #own(name: string, onUsurped: (reason: string) => void): Promise<NameOwnership> {
    this.#session.start();
    const ownership = new NameOwnership({
      ...{ store: this.#locks, key: this.#keys.serverName(name), name, onUsurped },
      ...{ instance: this.#instance, clock: this.#clock, logger: this.#logger },
      process: await thisProcess(),
      expiryMs: 2 * this.#options.sessionTtlMs + EXPIRY_MARGIN_MS,
    });
    await ownership.take(this.#closed.signal);
    return ownership;
  }

  #watchKv(key: string, handler: (entry: KvEntry | null) => void, signal: AbortSignal): void {
    this.#watch(
      (after, limit) => readKv(this.#client, key, { after, signal: limit }),
      handler,
      signal,
    );
  }

  #watch<T>(
    query: Parameters<typeof watchQuery<T>>[0]["query"],
    onAnswer: (data: T) => void,
    signal: AbortSignal,
  ): void {
    void watchQuery({
      ...{ query, onAnswer, renewed: () => this.#renewal.signal, signal: this.#until(signal) },
      ...{ clock: this.#clock, random: this.#options.random, logger: this.#logger },
    });
  }

  #until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#closed.signal]);
  }

  #renew(): void {
    const renewal = this.#renewal;
    this.#renewal = new AbortController();
    renewal.abort();
    this.#session.check();
    for (const registration of this.#registrations) registration.changed();
  }
}
