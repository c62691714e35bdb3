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
} from "@freshet/cluster";
import type { Metrics } from "@freshet/telemetry";

/** An authority whose use is counted: what a process learns from it shows in its metrics. */
export class MeasuredAuthority implements Authority {
  readonly #inner: Authority;
  readonly #metrics: Metrics;
  readonly #leaders = new Map<string, Leader | null>();

  constructor(inner: Authority, metrics: Metrics) {
    this.#inner = inner;
    this.#metrics = metrics;
    metrics.onCollect(() => metrics.cluster.authorityReachable.set(inner.reachable ? 1 : 0));
  }

  get reachable(): boolean {
    return this.#inner.reachable;
  }

  onReachable(handler: (reachable: boolean) => void): void {
    this.#inner.onReachable(handler);
  }

  read(name: string): Promise<SharedDocument> {
    return this.#counted(this.#inner.read(name));
  }

  async write(
    name: string,
    value: unknown,
    version: string,
    fence: Leader | null,
  ): Promise<WriteResult> {
    const { documentWrites } = this.#metrics.leadership;
    try {
      const result = await this.#counted(this.#inner.write(name, value, version, fence));
      documentWrites.inc({ outcome: result.kind });
      return result;
    } catch (error) {
      documentWrites.inc({ outcome: "unavailable" });
      throw error;
    }
  }

  watch(name: string, handler: (document: SharedDocument) => void, signal: AbortSignal): void {
    this.#inner.watch(name, handler, signal);
  }

  join(state: () => Member, onUsurped: (reason: string) => void): Promise<Membership> {
    return this.#counted(this.#inner.join(state, onUsurped));
  }

  watchMembers(
    kind: MemberKind,
    handler: (members: readonly Member[]) => void,
    signal: AbortSignal,
  ): void {
    const { members: gauge } = this.#metrics.cluster;
    const measure = (members: readonly Member[]): void => {
      const ready = members.filter((member) => member.ready).length;
      gauge.set({ kind, ready: "true" }, ready);
      gauge.set({ kind, ready: "false" }, members.length - ready);
      handler(members);
    };
    this.#inner.watchMembers(kind, measure, signal);
  }

  campaign(options: CampaignOptions): Campaign {
    const { isLeader, leadershipChanges } = this.#metrics.leadership;
    isLeader.set(0);
    return this.#inner.campaign({
      ...options,
      onElected: (leader) => {
        isLeader.set(1);
        leadershipChanges.inc({ change: "elected" });
        this.#metrics.cluster.leaderTerm.set(leader.term);
        options.onElected(leader);
      },
      onDeposed: (reason) => {
        isLeader.set(0);
        leadershipChanges.inc({ change: "deposed" });
        options.onDeposed(reason);
      },
    });
  }

  watchLeader(region: string, handler: (leader: Leader | null) => void, signal: AbortSignal): void {
    const measure = (leader: Leader | null): void => {
      const { leaderKnown, leaderTerm, leaderChanges } = this.#metrics.cluster;
      const before = this.#leaders.get(region);
      this.#leaders.set(region, leader);
      const known = [...this.#leaders.values()].filter((each) => each !== null);
      leaderKnown.set(known.length > 0 ? 1 : 0);
      leaderTerm.set(Math.max(0, ...known.map(({ term }) => term)));
      if (before?.term !== leader?.term) leaderChanges.inc();
      handler(leader);
    };
    this.#inner.watchLeader(region, measure, signal);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #counted<T>(request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      this.#metrics.cluster.authorityErrors.inc();
      throw error;
    }
  }
}
