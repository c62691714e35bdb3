import type { Authority, Campaign, Leader, Member, Membership } from "@freshet/cluster";
import { type Address, type Config, formatAddress } from "@freshet/config";
import { PROTOCOL_VERSIONS } from "@freshet/rpc";
import { PRODUCT_VERSION } from "@freshet/server";
import { type Clock, type Logger, systemClock } from "@freshet/util";
import type { ServedDatabases } from "../start/served-databases.ts";
import type { EngineThreadData, ToEngine } from "../threads/messages.ts";
import { Supervisor } from "../threads/supervisor.ts";
import { AbandonedReplicas } from "./abandoned-replicas.ts";
import { EngineDocuments } from "./engine-documents.ts";
import { advertisedAddresses, advertisedHost, memberName } from "./plan.ts";
import { refusesConnections } from "./refuses-connections.ts";

type Members = Extract<ToEngine, { readonly kind: "members" }>;

export interface ClusterServerOptions {
  readonly config: Config;
  readonly authority: Authority;
  readonly served: ServedDatabases;
  readonly admin: Address;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** How long adapters may take to go to the next leader before their links are cut. */
const HAND_OVER_LIMIT_MS = 3_000;
const HAND_OVER_POLL_MS = 50;

/**
 * A server's part in its deployment: campaigns for its region, tells its engines whether they
 * lead, and stands between them and the authority.
 */
export class ClusterServer {
  readonly #options: ClusterServerOptions;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #closed = new AbortController();
  #campaign: Campaign | null = null;
  #membership: Membership | null = null;
  #abandoned: AbandonedReplicas | null = null;
  #members: Members;
  #leader: Leader | null = null;

  constructor(options: ClusterServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#startedMs = this.#clock.nowMs();
    this.#members = { kind: "members", servers: [], adapters: [], leaders: [] };
  }

  /** As it registers itself. */
  member(): Member {
    const { config, admin, served } = this.#options;
    return {
      kind: "server",
      name: memberName(config),
      region: config.region,
      version: PRODUCT_VERSION,
      protocols: PROTOCOL_VERSIONS,
      addresses: advertisedAddresses(config),
      adminAddress: formatAddress({ host: advertisedHost(config, admin.host), port: admin.port }),
      startedMs: this.#startedMs,
      ready: this.#eligible(served),
    };
  }

  /** Starts the engines and seeks the leadership. `fail` ends the process. */
  start(
    plans: readonly EngineThreadData[],
    membership: Membership,
    fail: (error: Error) => void,
  ): void {
    const { config, authority, served, logger } = this.#options;
    const { signal } = this.#closed;
    this.#membership = membership;
    for (const engine of plans) served.add(this.#supervise(engine, fail));
    this.#abandoned = new AbandonedReplicas({
      own: memberName(config),
      afterMs: config.abandonedAfterMs,
      clock: this.#clock,
      logger,
    });
    this.#watchMembers(signal);
    this.#campaign = authority.campaign({
      region: config.region,
      addresses: advertisedAddresses(config),
      eligible: () => this.#eligible(served),
      isGone: async (leader) => {
        const refused = await Promise.all(Object.values(leader.addresses).map(refusesConnections));
        return refused.length > 0 && refused.every((each) => each);
      },
      onElected: (leader) => this.#lead(leader),
      onDeposed: (reason) => {
        logger.warn({ reason }, "this server no longer leads");
        this.#lead(null);
      },
    });
    void this.#beat(signal);
  }

  /** Leaves the authority first, then lets another server lead and adapters go there. */
  async handOver(): Promise<void> {
    const { served, logger } = this.#options;
    served.announceStop();
    const led = this.#leader !== null;
    await this.#membership?.leave().catch(() => undefined);
    await this.#campaign?.resign();
    const anotherLeads = (): boolean => this.#members.servers.some(({ ready }) => ready);
    if (!led || !anotherLeads()) return;
    logger.info({}, "the leadership is handed over");
    const untilMs = this.#clock.monotonicMs() + HAND_OVER_LIMIT_MS;
    const linked = (): boolean => served.supervisors.some(({ links }) => links > 0);
    while (linked() && this.#clock.monotonicMs() < untilMs) {
      await this.#clock.wait(HAND_OVER_POLL_MS);
    }
  }

  close(): void {
    this.#closed.abort();
  }

  #supervise(engine: EngineThreadData, fail: (error: Error) => void): Supervisor {
    const { authority, logger } = this.#options;
    const documents = new EngineDocuments({
      authority,
      dialect: engine.dialect,
      leader: () => this.#campaign?.leading ?? null,
      signal: this.#closed.signal,
      post: (message) => supervisor.tell("engine", message),
    });
    const supervisor: Supervisor = new Supervisor({
      engine,
      adapters: [],
      logger,
      onUp: (_kind, post) => {
        post({ kind: "lead", term: this.#leader?.term ?? null });
        post(this.#members);
        documents.repeat(post);
      },
      onEngine: (message) => {
        if (message.kind !== "replicas") return documents.handle(message);
        this.#removeAbandoned(engine.dialect, message.replicas, supervisor);
      },
    });
    const { online } = supervisor.start();
    online.catch((error: unknown) => fail(error as Error));
    return supervisor;
  }

  #removeAbandoned(dialect: string, replicas: readonly string[], engine: Supervisor): void {
    const { authority } = this.#options;
    if (this.#leader === null || !authority.reachable) return this.#abandoned?.forget();
    const known = this.#members.servers.map(({ name }) => name);
    for (const replica of this.#abandoned?.find(dialect, replicas, known) ?? []) {
      engine.tell("engine", { kind: "remove-replica", replica });
    }
  }

  #watchMembers(signal: AbortSignal): void {
    const { authority, config, served } = this.#options;
    const leaders = new Map<string, string | null>();
    const change = (changed: Partial<Members>): void => {
      this.#members = { ...this.#members, ...changed };
      for (const one of served.supervisors) one.tell("engine", this.#members);
    };
    const watchLeader = (region: string): void => {
      if (leaders.has(region)) return;
      leaders.set(region, null);
      authority.watchLeader(
        region,
        (leader) => {
          leaders.set(region, leader?.name ?? null);
          change({ leaders: [...leaders.values()].filter((name) => name !== null) });
        },
        signal,
      );
    };
    watchLeader(config.region);
    authority.watchMembers(
      "server",
      (servers) => {
        for (const { region } of servers) watchLeader(region);
        change({ servers });
      },
      signal,
    );
    authority.watchMembers("adapter", (adapters) => change({ adapters }), signal);
  }

  #lead(leader: Leader | null): void {
    const { logger, served } = this.#options;
    this.#leader = leader;
    if (leader !== null) logger.info({ term: leader.term, region: leader.region }, "leading");
    for (const one of served.supervisors) {
      one.tell("engine", { kind: "lead", term: leader?.term ?? null });
    }
  }

  #eligible(served: ServedDatabases): boolean {
    const { supervisors } = served;
    return supervisors.length > 0 && supervisors.every(({ serving }) => serving);
  }

  /** Others learn at once when this server becomes ready or ceases to be. */
  async #beat(signal: AbortSignal): Promise<void> {
    let ready = false;
    while (!signal.aborted) {
      const now = this.#eligible(this.#options.served);
      if (now !== ready) this.#membership?.changed();
      ready = now;
      await this.#clock.wait(250, signal);
    }
  }
}
