import { EmbeddedConsul } from "@freshet/cli/embedded-consul";
import { silentLogger } from "@freshet/util";
import { connectConsul } from "../consul/consul-authority.ts";
import type {
  Authority,
  Campaign,
  CampaignOptions,
  Leader,
  Member,
  SharedDocument,
} from "../contract.ts";
import { localAuthority } from "../local/local-authority.ts";
import { LocalSpace } from "../local/local-space.ts";

/** The shortest that the tests' Consul takes. */
export const TEST_TTL_MS = 1_000;

/** Where the authorities of a test come from. */
export interface Testbed {
  connect(deployment: string): Authority;
  stop(): Promise<void>;
}

export async function consulTestbed(): Promise<Testbed & { readonly consul: EmbeddedConsul }> {
  const consul = await EmbeddedConsul.start();
  return {
    consul,
    connect: (deployment) => connectTo(consul.address, deployment),
    stop: () => consul.stop(),
  };
}

export function connectTo(address: string, deployment: string): Authority {
  return connectConsul({ address, deployment, sessionTtlMs: TEST_TTL_MS, logger: silentLogger });
}

export async function localTestbed(): Promise<Testbed> {
  const spaces = new Map<string, LocalSpace>();
  return {
    connect(deployment) {
      const space = spaces.get(deployment) ?? new LocalSpace();
      spaces.set(deployment, space);
      return localAuthority({ space });
    },
    stop: async () => undefined,
  };
}

export function testMember(name: string, more: Partial<Member> = {}): Member {
  return {
    ...{ kind: "server", name, region: "here", version: "0.1.0", protocols: [1, 2] },
    addresses: { postgres: "127.0.0.1:6035", mysql: "127.0.0.1:6036" },
    ...{ adminAddress: "127.0.0.1:6034", startedMs: 1_700_000_000_000, ready: true },
    ...more,
  };
}

/** A server that has joined and campaigns, and what it was told. */
export interface Candidate {
  readonly authority: Authority;
  readonly campaign: Campaign;
  readonly elected: Leader[];
  readonly deposed: string[];
  readonly usurped: string[];
  readonly token: number;
  /** May be changed; both the campaign and the registration ask it. */
  ready: boolean;
  changed(): void;
  leave(): Promise<void>;
}

export async function candidate(
  authority: Authority,
  name: string,
  options: {
    readonly ready?: boolean;
    readonly region?: string;
    readonly isGone?: NonNullable<CampaignOptions["isGone"]>;
  } = {},
): Promise<Candidate> {
  const { ready = true, region = "here", isGone } = options;
  const elected: Leader[] = [];
  const deposed: string[] = [];
  const usurped: string[] = [];
  const state = { ready };
  const membership = await authority.join(
    () => testMember(name, { ready: state.ready, region }),
    (reason) => usurped.push(reason),
  );
  const campaign = authority.campaign({
    region,
    addresses: { postgres: `${name}:6035` },
    eligible: () => state.ready,
    ...(isGone === undefined ? {} : { isGone }),
    onElected: (leader) => elected.push(leader),
    onDeposed: (reason) => deposed.push(reason),
  });
  return {
    ...{ authority, campaign, elected, deposed, usurped },
    get token() {
      return membership.token;
    },
    get ready() {
      return state.ready;
    },
    set ready(now) {
      state.ready = now;
    },
    changed: () => membership.changed(),
    leave: () => membership.leave(),
  };
}

/** What a watch of the leader has told, the newest last. */
export function leadersSeen(
  authority: Authority,
  signal: AbortSignal,
  region = "here",
): (Leader | null)[] {
  const seen: (Leader | null)[] = [];
  authority.watchLeader(region, (leader) => seen.push(leader), signal);
  return seen;
}

export function documentsSeen(
  authority: Authority,
  name: string,
  signal: AbortSignal,
): SharedDocument[] {
  const seen: SharedDocument[] = [];
  authority.watch(name, (document) => seen.push(document), signal);
  return seen;
}
