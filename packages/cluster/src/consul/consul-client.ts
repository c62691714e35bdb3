import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { messageOf } from "@freshet/util";
import Consul from "consul";
import { AuthorityUnavailable } from "../contract.ts";
import { type ConsulOptions, endpointOf } from "./consul-options.ts";

/** Every request ends within this; one that waits for a change, within this and its wait. */
const TIMEOUT_MS = 2_000;
/** How long Consul may hold a request that waits for a change; it adds up to a sixteenth. */
export const BLOCK_MS = 10_000;

/** Consul understood the request and says no. */
export class ConsulRefusal extends Error {
  override readonly name = "ConsulRefusal";
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super(`Consul answers ${status}: ${textOf(body)}`);
    this.status = status;
    this.body = body;
  }
}

export interface ConsulAnswer<T> {
  readonly data: T;
  /** X-Consul-Index; 0 where there is none. */
  readonly index: bigint;
}

/** To be given on to the library with every request. */
export interface RequestContext {
  readonly ctx: EventEmitter;
  readonly timeout: number;
}

export interface RequestLimits {
  readonly signal?: AbortSignal | undefined;
  /** The request waits for a change; more than the time limit of others. */
  readonly blocks?: boolean;
  /** Of a request that does not block. */
  readonly timeoutMs?: number;
}

/**
 * Consul's HTTP interface, by its library: one time limit for every request, one kind of error.
 * What is not answered, or answered with "no leader" or "permission denied", is
 * AuthorityUnavailable; any other refusal is a ConsulRefusal.
 */
export class ConsulClient {
  readonly address: string;
  readonly #consul: Consul;
  readonly #agent: HttpAgent;
  #onFailure: () => void = () => undefined;

  constructor(options: ConsulOptions) {
    const { host, port, secure } = endpointOf(options);
    this.address = `${host}:${port}`;
    this.#agent = secure
      ? new HttpsAgent({ keepAlive: true, ...pem(options) })
      : new HttpAgent({ keepAlive: true });
    const { token, namespace } = options;
    // The library gives all options on to the client below it, which takes headers too.
    const all = {
      ...{ host, port, secure, agent: this.#agent },
      ...(namespace ? { headers: { "x-consul-namespace": namespace } } : {}),
      ...(token ? { defaults: { token } } : {}),
    };
    this.#consul = new Consul(all);
  }

  /** Called when a request was not answered. */
  set onFailure(handler: () => void) {
    this.#onFailure = handler;
  }

  async request<T>(
    make: (consul: Consul, context: RequestContext) => Promise<unknown>,
    limits: RequestLimits = {},
  ): Promise<ConsulAnswer<T>> {
    const { signal, blocks = false, timeoutMs = TIMEOUT_MS } = limits;
    signal?.throwIfAborted();
    // With this the library resolves to the response and its data.
    const ctx = Object.assign(new EventEmitter(), { includeResponse: true });
    const cancel = (): void => void ctx.emit("cancel");
    signal?.addEventListener("abort", cancel, { once: true });
    const timeout = timeoutMs + (blocks ? Math.ceil(BLOCK_MS * (17 / 16)) : 0);
    try {
      const [response, data] = (await make(this.#consul, { ctx, timeout })) as [IncomingMessage, T];
      return { data, index: indexOf(response) };
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw this.#errorOf(error);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #errorOf(error: unknown): Error {
    const { response } = error as { response?: { statusCode?: number; body?: unknown } };
    const status = response?.statusCode;
    if (status === undefined) {
      this.#onFailure();
      const why = messageOf(error).replace(/^consul: [\w.]+: /, "");
      return new AuthorityUnavailable(`Consul at ${this.address} does not answer: ${why}`, {
        cause: error,
      });
    }
    const refusal = new ConsulRefusal(status, response?.body);
    if (status < 500 && status !== 403 && status !== 429) return refusal;
    this.#onFailure();
    const hint = status === 403 ? "; check --authority-token" : "";
    return new AuthorityUnavailable(
      `Consul at ${this.address} refuses (${status} ${textOf(response?.body)}${hint})`,
      { cause: refusal },
    );
  }
}

function pem(options: ConsulOptions): { ca?: string; cert?: string; key?: string } {
  const { ca, cert, key } = options;
  return {
    ...(typeof ca === "string" ? { ca } : {}),
    ...(typeof cert === "string" ? { cert } : {}),
    ...(typeof key === "string" ? { key } : {}),
  };
}

function indexOf(response: IncomingMessage): bigint {
  const header = response.headers["x-consul-index"];
  return typeof header === "string" && /^\d+$/.test(header) ? BigInt(header) : 0n;
}

function textOf(body: unknown): string {
  const text =
    typeof body === "string" || Buffer.isBuffer(body) ? String(body) : JSON.stringify(body);
  return (text ?? "").trim().slice(0, 200);
}
