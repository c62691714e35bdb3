import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../../oracle/random.ts";
import { Load } from "../load/load.ts";
import { Probe } from "../load/probe.ts";
import { Site } from "../site.ts";
import { type Fault, FAULTS } from "./fault-list.ts";
import { faultTable, type Injection } from "./fault-table.ts";

export interface FaultsOptions {
  readonly seed: number;
  readonly limitMs: number;
  /** Only faults whose name contains one of these. */
  readonly only?: readonly string[];
  readonly say: (line: string) => void;
}

/** Until everything answers from caches again, or the cluster has not come back. */
const BACK_LIMIT_MS = 120_000;
/** Caches count as back when they were there for so long without a break. */
const STEADY_MS = 2_000;

/**
 * Faults in a random order under load through the load balancer, each undone and waited for before
 * the next. Returns what violates a promise, in words.
 */
export async function runFaults(options: FaultsOptions): Promise<readonly string[]> {
  const { seed, say } = options;
  say(`faults: seed ${seed}`);
  const site = await Site.start({ namespaces: true, haproxy: true, durable: true });
  try {
    return await new FaultRun(site, options).run();
  } finally {
    await site.stop();
  }
}

class FaultRun {
  readonly #site: Site;
  readonly #options: FaultsOptions;
  readonly #random: Random;
  readonly #load: Load;
  readonly #injections: Injection[] = [];
  readonly #violations: string[] = [];
  #probes: readonly Probe[] = [];

  constructor(site: Site, options: FaultsOptions) {
    this.#site = site;
    this.#options = options;
    this.#random = new Random(options.seed);
    const pauseMs = 10;
    this.#load = new Load(site, { seed: options.seed, readers: 3, writers: 2, pauseMs });
  }

  async run(): Promise<readonly string[]> {
    const { cluster, dialects } = this.#site;
    await this.#load.create();
    this.#probes = dialects.flatMap((dialect) =>
      cluster.adapters.map(
        (adapter) => new Probe(`${adapter.name} ${dialect}`, cluster.url(adapter, dialect)),
      ),
    );
    this.#load.start();
    try {
      await this.#steady();
      await this.#injectAll();
    } catch (error) {
      this.#violations.push(String(error));
      this.#options.say(cluster.said());
    } finally {
      await Promise.all(this.#probes.map((probe) => probe.stop()));
      await this.#load.stop();
    }
    await this.#conclude();
    return this.#violations;
  }

  async #injectAll(): Promise<void> {
    const { limitMs, only } = this.#options;
    const faults = FAULTS.filter(
      ({ name }) => only === undefined || only.some((part) => name.includes(part)),
    );
    const deadline = performance.now() + limitMs;
    while (performance.now() < deadline) {
      for (const fault of this.#random.sample(faults, faults.length)) {
        if (performance.now() > deadline) return;
        await this.#inject(fault);
      }
    }
  }

  async #inject(fault: Fault): Promise<void> {
    const { tally } = this.#load;
    const before = { errors: tally.errors.length, wrong: tally.wrong.length };
    const hung = tally.hung.length;
    const startedMs = performance.now();
    let endedMs = startedMs;
    await fault.inject(this.#site, this.#random, () => (endedMs = performance.now()));
    await this.#steady();
    const lastAway = Math.max(...this.#probes.map((probe) => probe.lastAwayMs));
    const errors = tally.errors.slice(before.errors).map(({ atMs }) => atMs);
    const injection: Injection = {
      fault: fault.name,
      lastedMs: endedMs - startedMs,
      serviceMs: Math.max(0, lastAway - startedMs),
      afterEndMs: Math.max(0, lastAway - endedMs),
      errorMs: errors.length === 0 ? 0 : errors.at(-1)! - errors[0]!,
      errors: errors.length,
      wrong: tally.wrong.length - before.wrong,
      hung: tally.hung.length - hung,
    };
    this.#injections.push(injection);
    const kinds = [...tally.kinds(before.errors)].map(([kind, count]) => `${count} × ${kind}`);
    this.#options.say(
      `${fault.name}: lasted ${seconds(injection.lastedMs)}, served again after ` +
        `${seconds(injection.serviceMs)}; ${injection.wrong} wrong, ${injection.hung} hung, ` +
        `errors: ${kinds.join(", ") || "none"}`,
    );
    for (const what of tally.wrong.slice(before.wrong)) this.#options.say(`  WRONG ${what}`);
  }

  /** Everything ready, led, and answering from caches for a while. */
  async #steady(): Promise<void> {
    const deadline = performance.now() + BACK_LIMIT_MS;
    await this.#site.cluster.ready(BACK_LIMIT_MS);
    for (;;) {
      const now = performance.now();
      const away = this.#probes.filter(
        (probe) => !probe.cached || now - probe.lastAwayMs < STEADY_MS,
      );
      if (away.length === 0) return;
      if (now > deadline) {
        const reasons = away.map(({ name, lastReason }) => `${name} (${lastReason})`);
        throw new Error(`not served from caches in ${seconds(BACK_LIMIT_MS)}: ${reasons.join()}`);
      }
      await delay(50);
    }
  }

  async #conclude(): Promise<void> {
    const { say } = this.#options;
    const { cluster, dialects } = this.#site;
    const { tally } = this.#load;
    await this.#load.compare(
      dialects.map((dialect) => cluster.adapters.map((adapter) => cluster.url(adapter, dialect))),
    );
    const { told, unknown, lost, twice } = await this.#load.told();
    for (const line of faultTable(this.#injections, { lost, twice })) say(line);
    say(
      `${tally.statements} statements, ${tally.hits} checked answers from caches, ` +
        `${tally.commits} + ${told} commits, ${unknown} with an unknown end; the oldest ` +
        `cached answer was ${seconds(tally.oldestMs)} behind`,
    );
    const kinds = [...tally.kinds()].map(([kind, count]) => `${count} × ${kind}`);
    say(`client errors: ${kinds.join(", ") || "none"}`);
    for (const [count, what] of [
      [tally.wrong.length, "wrong answers"],
      [tally.hung.length, "hung statements"],
      [lost, "rows lost that a client was told of"],
      [twice, "rows applied twice"],
    ] as const) {
      if (count > 0) this.#violations.push(`${count} ${what}`);
    }
    for (const what of [...tally.wrong, ...tally.hung].slice(0, 50)) say(`  ${what}`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
