import { Backoff, type Clock, type Logger, messageOf, runLoop } from "@freshet/util";
import { Wake } from "../wake.ts";
import { type ConsulClient, ConsulRefusal } from "./consul-client.ts";

export interface SessionOptions {
  readonly client: ConsulClient;
  readonly name: string;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly random?: (() => number) | undefined;
  readonly logger: Logger;
}

/**
 * One session of Consul, renewed thrice within its time to live; a new one when it is lost. Its
 * locks are released when it ends, and without lock-delay: fencing is by token, so nothing has
 * to be waited for. It hangs on no health check, only on our renewals.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #handlers: (() => void)[] = [];
  readonly #ended = new AbortController();
  readonly #wake = new Wake();
  #id: string | null = null;
  #running: Promise<void> | null = null;
  #refusal = "";

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Null: there is none yet, or Consul says that it has ended. */
  get id(): string | null {
    return this.#id;
  }

  onChange(handler: () => void): void {
    this.#handlers.push(handler);
  }

  start(): void {
    if (this.#running !== null || this.#ended.signal.aborted) return;
    const { clock, random, ttlMs } = this.#options;
    this.#running = runLoop({
      step: (signal) => this.#step(signal),
      onError: (error, delayMs) => this.#failed(error, delayMs),
      signal: this.#ended.signal,
      clock,
      backoff: new Backoff({
        firstMs: 100,
        limitMs: Math.min(2_000, ttlMs / 4),
        ...(random === undefined ? {} : { random }),
      }),
    });
  }

  /** Renews at once: it may have been lost. */
  check(): void {
    this.#wake.call();
  }

  /** Ends it, which frees its locks at once; if Consul is away, they expire. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
    const id = this.#id;
    this.#id = null;
    if (id !== null) await this.destroy(id).catch(() => undefined);
  }

  async destroy(id: string): Promise<void> {
    await this.#options.client.request((consul, context) =>
      consul.session.destroy({ id, ...context }),
    );
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { client, ttlMs, clock, logger, name } = this.#options;
    const id = this.#id;
    if (id === null) {
      const { data } = await client.request<{ readonly ID: string }>(
        (consul, context) =>
          consul.session.create({
            ...{ name, ttl: `${ttlMs}ms`, behavior: "release", lockdelay: "0s", checks: [] },
            ...context,
          }),
        { signal },
      );
      this.#set(data.ID);
      return;
    }
    await this.#wake.wait(clock, ttlMs / 3, signal);
    if (signal.aborted) return;
    try {
      await client.request((consul, context) => consul.session.renew({ id, ...context }), {
        signal,
      });
    } catch (error) {
      if (!(error instanceof ConsulRefusal && error.status === 404)) throw error;
      logger.warn({}, "Consul's session expired");
      this.#set(null);
    }
  }

  #failed(error: unknown, delayMs: number): void {
    const { logger } = this.#options;
    const message = messageOf(error);
    const refused = error instanceof Error && error.cause instanceof ConsulRefusal;
    if (refused && message !== this.#refusal) {
      // E.g. a time to live that Consul does not allow: only a person can help.
      this.#refusal = message;
      logger.warn({ error: message }, "Consul grants no session");
    } else {
      logger.debug({ error: message, delayMs }, "Consul's session was not renewed");
    }
  }

  #set(id: string | null): void {
    this.#id = id;
    for (const handler of this.#handlers) handler();
  }
}
