import { setTimeout as delay } from "node:timers/promises";
import { must } from "@freshet/util";
import type { Random } from "../../oracle/random.ts";
import type { Member } from "../member.ts";
import type { Network } from "../network.ts";
import type { Site } from "../site.ts";

export interface Fault {
  readonly name: string;
  /**
   * Does it and undoes it; `ended` is called at the moment from which nothing is kept from working
   * (a killed process: when it is started again).
   */
  inject(site: Site, random: Random, ended: () => void): Promise<void>;
  readonly needsNetwork?: boolean;
}

/** An orchestrator takes about so long to start what has died. */
const RESTART_AFTER_MS = 1_500;
const PARTED_MS = 15_000;
const SLOW_MS = 15_000;
const CONSUL_AWAY_MS = 15_000;
/** Consul takes up to twice the session's time to live, and then its lock delay. */
const TAKEOVER_LIMIT_MS = 90_000;
/** Longer than links and leases take to notice. */
const PAUSED_AFTER_TAKEOVER_MS = 3_000;

export const FAULTS: readonly Fault[] = [
  {
    name: "SIGKILL an adapter",
    inject: (site, random, ended) => killAndRestart(random.pick(site.cluster.adapters), ended),
  },
  {
    name: "SIGKILL the leader",
    inject: async (site, _random, ended) => killAndRestart(await site.cluster.untilLed(), ended),
  },
  {
    name: "SIGSTOP the leader beyond its session, SIGCONT",
    async inject({ cluster }, _random, ended) {
      const leader = await cluster.untilLed();
      leader.pause();
      try {
        await cluster.untilLed(TAKEOVER_LIMIT_MS, leader);
        await delay(PAUSED_AFTER_TAKEOVER_MS);
      } finally {
        leader.continue();
        ended();
      }
    },
  },
  {
    name: "stop Consul, start it",
    async inject({ consul }, _random, ended) {
      await consul.kill();
      await delay(CONSUL_AWAY_MS);
      await consul.restart();
      ended();
    },
  },
  {
    name: "partition leader / Consul",
    needsNetwork: true,
    inject: async (site, _random, ended) =>
      parted(site, await site.cluster.untilLed(), ["consul"], [], ended),
  },
  {
    name: "partition an adapter / the servers",
    needsNetwork: true,
    inject: (site, random, ended) =>
      parted(site, random.pick(site.cluster.adapters), [], site.cluster.servers, ended),
  },
  {
    name: "partition leader / its databases",
    needsNetwork: true,
    inject: async (site, _random, ended) =>
      parted(site, await site.cluster.untilLed(), site.dialects, [], ended),
  },
  {
    name: "leader's network: 40±20 ms, 2 % lost",
    needsNetwork: true,
    async inject(site, _random, ended) {
      const leader = await site.cluster.untilLed();
      const network = networkOf(site);
      await network.impair(leader.name, { delayMs: 40, jitterMs: 20, lossPercent: 2 });
      try {
        await delay(SLOW_MS);
      } finally {
        await network.heal(leader.name);
        ended();
      }
    },
  },
  {
    name: "an adapter's network: 40±20 ms, 2 % lost",
    needsNetwork: true,
    async inject(site, random, ended) {
      const { name } = random.pick(site.cluster.adapters);
      const network = networkOf(site);
      await network.impair(name, { delayMs: 40, jitterMs: 20, lossPercent: 2 });
      try {
        await delay(SLOW_MS);
      } finally {
        await network.heal(name);
        ended();
      }
    },
  },
  {
    name: "restart Postgres",
    async inject(site, _random, ended) {
      await site.postgres?.restart();
      ended();
    },
  },
  {
    name: "restart MySQL",
    async inject(site, _random, ended) {
      await site.mysql?.restart();
      ended();
    },
  },
  {
    name: "roll every process",
    async inject(site, random, ended) {
      await rollAll(site, random);
      ended();
    },
  },
];

/** Ends and starts every process in order, one at a time, as a rolling update does. */
export async function rollAll({ cluster }: Site, random: Random): Promise<void> {
  const members = random.sample(cluster.members, cluster.members.length);
  for (const member of members) {
    await roll(member);
    // The next one only when this one has taken up its work.
    await member.ready(TAKEOVER_LIMIT_MS);
  }
}

export async function roll(member: Member): Promise<void> {
  const code = await member.term();
  if (code !== 0) throw new Error(`${member.name} ended with ${code}: ${member.said}`);
  member.start();
}

async function killAndRestart(member: Member, ended: () => void): Promise<void> {
  await member.kill();
  await delay(RESTART_AFTER_MS);
  member.start();
  ended();
}

async function parted(
  site: Site,
  member: Member,
  services: readonly string[],
  others: readonly Member[],
  ended: () => void,
): Promise<void> {
  const network = networkOf(site);
  const addresses = [
    ...services.map((service) => network.serviceAddress(service)),
    ...others.map((other) => other.options.address),
  ];
  await network.part(member.name, addresses);
  try {
    await delay(PARTED_MS);
  } finally {
    await network.join(member.name, addresses);
    ended();
  }
}

function networkOf(site: Site): Network {
  return must<Network | null>(site.network, "members are in namespaces") as Network;
}
