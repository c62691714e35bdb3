import { Backoff, type Clock, type Logger, messageOf } from "@freshet/util";
import { AuthorityUnavailable, type Member } from "../contract.ts";
import { Wake } from "../wake.ts";
import { type ConsulClient, ConsulRefusal } from "./consul-client.ts";
import type { Keys } from "./keys.ts";
import { metaOf } from "./member-meta.ts";

export interface RegistrationOptions {
  readonly client: ConsulClient;
  readonly keys: Keys;
  readonly state: () => Member;
  /** A member that is not heard of for so long is no member any more. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly random?: (() => number) | undefined;
  readonly logger: Logger;
}

/** The least that Consul takes: when the agent forgets a member that has died. */
const FORGOTTEN_AFTER = "1m";

/**
 * This process as a service of Consul's agent, with a check that lives by our beats: passing when
 * ready, a warning otherwise (Consul's DNS can leave those out). An agent that lost its data
 * refuses the beat and is told everything again.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #wake = new Wake();
  readonly #ended = new AbortController();
  #registered = "";
  #running: Promise<void> = Promise.resolve();

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Registers, or rejects with AuthorityUnavailable; then goes on by itself. */
  async start(): Promise<void> {
    await this.#beat();
    this.#running = this.#run();
  }

  /** Tells Consul at once. */
  changed(): void {
    this.#wake.call();
  }

  /** Says nothing more: the name is another's. */
  abandon(): void {
    this.#ended.abort();
  }

  async stop(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    await this.#running;
    const { client, keys, state } = this.#options;
    const { kind, name } = state();
    await client.request((consul, context) =>
      consul.agent.service.deregister({ id: keys.serviceId(kind, name), ...context }),
    );
  }

  async #run(): Promise<void> {
    const { ttlMs, clock, random, logger } = this.#options;
    const { signal } = this.#ended;
    const backoff = new Backoff({
      firstMs: 100,
      limitMs: Math.min(2_000, ttlMs / 4),
      ...(random === undefined ? {} : { random }),
    });
    let delayMs = ttlMs / 3;
    while (!signal.aborted) {
      await this.#wake.wait(clock, delayMs, signal);
      if (signal.aborted) return;
      try {
        await this.#beat();
        backoff.reset();
        delayMs = ttlMs / 3;
      } catch (error) {
        delayMs = backoff.nextDelayMs();
        logger.debug({ error: messageOf(error) }, "Consul did not hear of this process");
      }
    }
  }

  async #beat(): Promise<void> {
    const member = this.#options.state();
    const text = JSON.stringify(member);
    if (text !== this.#registered || !(await this.#renew(member))) {
      await this.#register(member);
      this.#registered = text;
    }
  }

  /** False: the agent does not know it. */
  async #renew({ kind, name, ready }: Member): Promise<boolean> {
    const { client, keys } = this.#options;
    const id = checkIdOf(keys.serviceId(kind, name));
    try {
      await client.request((consul, context) =>
        ready
          ? consul.agent.check.pass({ id, ...context })
          : consul.agent.check.warn({ id, ...context }),
      );
      return true;
    } catch (error) {
      const refusal = error instanceof AuthorityUnavailable ? error.cause : error;
      // 1.8 answers 500: CheckID "..." does not have associated TTL; later ones 404: Unknown check.
      const isUnknown =
        refusal instanceof ConsulRefusal &&
        (refusal.status === 404 || /associated TTL|unknown check/i.test(refusal.message));
      if (isUnknown) return false;
      throw error;
    }
  }

  async #register(member: Member): Promise<void> {
    const { client, keys, ttlMs } = this.#options;
    const id = keys.serviceId(member.kind, member.name);
    const [host = "", port = ""] = splitAddress(Object.values(member.addresses)[0] ?? "");
    await client.request((consul, context) =>
      consul.agent.service.register({
        ...{ name: keys.service(member.kind), id, meta: metaOf(member, keys.deployment) },
        tags: [member.region, member.ready ? "ready" : "not-ready"],
        ...(host === "" || port === "" ? {} : { address: host, port: Number(port) }),
        check: {
          ...{ name: "heard of", checkid: checkIdOf(id), ttl: `${ttlMs}ms` },
          status: member.ready ? "passing" : "warning",
          deregistercriticalserviceafter: FORGOTTEN_AFTER,
        } as never,
        ...context,
      }),
    );
  }
}

function checkIdOf(serviceId: string): string {
  return `${serviceId}-heard`;
}

function splitAddress(address: string): [string, string] | [] {
  const match = /^\[?(.+?)\]?:(\d+)$/.exec(address);
  return match === null ? [] : [match[1] ?? "", match[2] ?? ""];
}
