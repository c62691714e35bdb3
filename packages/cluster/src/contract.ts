/**
 * What the processes of one deployment know of each other, whoever keeps it. One implementation
 * per authority: Consul, and one within a process for combined mode and unit tests. Whatever an
 * authority says may be late: nothing here decides whether an answer is right. Every server
 * follows the database by itself, with a slot and a storage of its own, so two that both believe
 * they lead still answer exactly; only one of them can change documents.
 */

/** A small JSON value that all processes share; changed by check-and-set only. */
export interface SharedDocument {
  readonly name: string;
  readonly value: unknown;
  /** Grows with every change; "" before the first. Opaque, compared for equality only. */
  readonly version: string;
}

export type WriteResult =
  | { readonly kind: "written"; readonly version: string }
  /** Somebody else changed it meanwhile: read it again and decide anew. */
  | { readonly kind: "conflict" }
  /** The writer no longer leads. */
  | { readonly kind: "fenced" };

export type MemberKind = "server" | "adapter";

/** A process of the deployment, as it registered itself. */
export interface Member {
  readonly kind: MemberKind;
  /** Unique within its kind. */
  readonly name: string;
  readonly region: string;
  /** The product's version. */
  readonly version: string;
  /** Protocol versions it speaks, least and greatest. */
  readonly protocols: readonly [number, number];
  /** `host:port` by dialect name: of a server where adapters dial it, of an adapter its clients. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Of /health and /metrics. */
  readonly adminAddress: string;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  /** Server: it follows its databases and could lead. Adapter: clients can be sent to it. */
  readonly ready: boolean;
}

/** Who leads a region. */
export interface Leader {
  readonly name: string;
  readonly region: string;
  /** The fencing token: greater for every leader that follows. */
  readonly term: number;
  /** As in `Member`. */
  readonly addresses: Readonly<Record<string, string>>;
}

export interface Campaign {
  /** The leadership held now, else null. A leader that is cut off from the authority keeps it. */
  readonly leading: Leader | null;
  /**
   * Gives the leadership up in order (others may take it at once) and does not seek it again
   * before `resume`. Resolves when it is given up, or cannot be because the authority is away.
   */
  resign(): Promise<void>;
  resume(): void;
}

export interface CampaignOptions {
  readonly region: string;
  /** Of this server, written beside the lock. */
  readonly addresses: Readonly<Record<string, string>>;
  /**
   * May this server lead now (it follows its databases)? One that may not takes the leadership
   * only when no ready server is registered in the region, and gives it up when it may not for
   * some seconds while another one could.
   */
  readonly eligible: () => boolean;
  /**
   * Is this leader, whose lock still lives, certain to serve nobody (its host refuses connections)?
   * Then its session is ended instead of waited for. Wrongly said so of a living leader it costs a
   * change of leaders, never a wrong answer. Never rejects.
   */
  readonly isGone?: (leader: Leader) => Promise<boolean>;
  readonly onElected: (leader: Leader) => void;
  /** The lock is gone for certain (expired, taken, given up); not while the authority is away. */
  readonly onDeposed: (reason: string) => void;
}

export interface Authority {
  /** False while it does not answer; reads, hits and forwards go on without it. */
  readonly reachable: boolean;
  onReachable(handler: (reachable: boolean) => void): void;

  /** Rejects with AuthorityUnavailable. */
  read(name: string): Promise<SharedDocument>;
  /**
   * Writes when the version is still the one given ("" : when there is none) and, with `fence`,
   * when that leadership is still held, both checked in one transaction. Rejects with
   * AuthorityUnavailable; then the write may or may not have happened: read again.
   */
  write(name: string, value: unknown, version: string, fence: Leader | null): Promise<WriteResult>;
  /** Calls the handler with the present document, and after every change until the signal. */
  watch(name: string, handler: (document: SharedDocument) => void, signal: AbortSignal): void;

  /**
   * Registers this process and keeps it registered (a TTL check) until `leave`. `state` is asked
   * at every beat. A server's name is owned under a lock: rejects with a ConfigurationError when
   * another living process has it, and calls `onUsurped` when another one took it later.
   */
  join(state: () => Member, onUsurped: (reason: string) => void): Promise<Membership>;
  watchMembers(
    kind: MemberKind,
    handler: (members: readonly Member[]) => void,
    signal: AbortSignal,
  ): void;

  campaign(options: CampaignOptions): Campaign;
  /** Null: nobody leads the region. Not called for what is only unknown (authority away). */
  watchLeader(region: string, handler: (leader: Leader | null) => void, signal: AbortSignal): void;

  /** Ends every loop and session; what was registered is removed. */
  close(): Promise<void>;
}

export interface Membership {
  /** The fencing token of the name's ownership; greater for every owner that follows. */
  readonly token: number;
  /** Tells others at once that `state` has changed. */
  changed(): void;
  leave(): Promise<void>;
}

/** The authority does not answer. The message is fit for a client. */
export class AuthorityUnavailable extends Error {
  override readonly name = "AuthorityUnavailable";
}
