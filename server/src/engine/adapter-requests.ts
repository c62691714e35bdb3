import { Poisoned } from "@freshet/dataflow";
import { PROTOCOL_VERSION, type ServerLink, type ToAdapter, type ToServer } from "@freshet/rpc";
import { type Clock, type Logger, messageOf } from "@freshet/util";
import type { CacheRegistry } from "../controller/cache-registry.ts";
import type { ProxiedQueries } from "../controller/proxied-queries.ts";
import type { ControlStatements } from "../controller/statements.ts";
import type { Upstream } from "../replication/contract.ts";
import type { Adapters, AttachedAdapter } from "./adapters.ts";
import type { ClientConnections } from "./client-connections.ts";
import type { CommitLoop } from "./commit-loop.ts";
import type { MemoryKeeper } from "./memory-keeper.ts";
import type { EngineMetrics } from "./metrics.ts";
import type { PositionWaiters } from "./position-waiters.ts";
import { SharedRequest } from "./shared-request.ts";
import { SlicedWork } from "./sliced-work.ts";

export interface AdapterRequestsOptions {
  readonly registry: CacheRegistry;
  readonly adapters: Adapters;
  readonly proxied: ProxiedQueries;
  readonly connections: ClientConnections;
  readonly statements: ControlStatements;
  readonly waiters: PositionWaiters;
  readonly upstream: Upstream;
  readonly loop: () => CommitLoop;
  readonly metrics: EngineMetrics;
  readonly memory: MemoryKeeper;
  readonly serving: () => { readonly serving: boolean; readonly reason: string };
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Between slices of so many milliseconds commits get their turn. */
const FILL_BUDGET_MS = 5;

/** Answers what adapters ask. A request that fails is answered with the failure, always. */
export class AdapterRequests {
  readonly #options: AdapterRequestsOptions;
  /**
   * That fills wait a turn changes nothing for an adapter: it does not release a key before it was
   * filled, and a fill sees the state of when it runs.
   */
  readonly #fills = new SlicedWork(FILL_BUDGET_MS);
  readonly #now: SharedRequest<string>;

  constructor(options: AdapterRequestsOptions) {
    this.#options = options;
    this.#now = new SharedRequest(() => options.upstream.currentPosition());
  }

  attach(link: ServerLink, name: string): void {
    const { adapters, connections, registry, waiters, serving, clock } = this.#options;
    const handler = (adapter: AttachedAdapter, message: ToServer) => this.#handle(adapter, message);
    adapters.attach(link, name, clock.nowMs(), handler, (adapter) => {
      connections.remove(adapter);
      for (const { cache, key } of adapters.unsubscribeAll(adapter)) {
        registry.get(cache)?.entries.evict(key);
      }
    });
    link.send({
      kind: "welcome",
      version: link.protocol ?? PROTOCOL_VERSION,
      caches: registry.definitions(),
      serving: serving().serving,
      position: waiters.visible ?? "",
    });
  }

  #handle(adapter: AttachedAdapter, message: ToServer): void {
    switch (message.kind) {
      case "hello":
        return;
      case "fill":
        return this.#fills.do(() => this.#fill(adapter, message));
      case "release":
        return this.#release(adapter, message);
      case "control":
        return this.#answer(adapter, this.#control(message));
      case "await-position":
        return this.#answer(adapter, this.#awaitPosition(message));
      case "access":
        return this.#answer(adapter, this.#access(message));
      case "report":
        return this.#report(adapter, message);
    }
  }

  #answer(adapter: AttachedAdapter, reply: Promise<ToAdapter>): void {
    reply.then(
      (message) => adapter.link.send(message),
      (error: unknown) => {
        this.#options.logger.error({ error: messageOf(error) }, "a request could not be answered");
      },
    );
  }

  #fill(adapter: AttachedAdapter, message: Extract<ToServer, { kind: "fill" }>): void {
    const { registry, adapters, loop, metrics, memory, serving, logger } = this.#options;
    const { request, cache: id, key, params } = message;
    if (!adapters.has(adapter)) return;
    const refuse = (reason: string) => {
      metrics.fillRefused();
      adapter.link.send({ kind: "fill-refused", request, reason });
    };
    const cache = registry.get(id);
    if (cache === null || !cache.ready) return refuse("the cache is not in service");
    if (!serving().serving) return refuse(serving().reason);
    const startedMs = performance.now();
    const span = metrics.tracer.span("fill", { "freshet.cache": cache.record.name });
    try {
      const rows = cache.entries.fill(key, params, loop().snapshot);
      adapters.subscribe(id, key, adapter);
      cache.fills += 1;
      metrics.filled((performance.now() - startedMs) / 1000);
      adapter.link.send({ kind: "filled", request, cache: id, key, rows });
      span?.set({ "freshet.rows": rows.count });
      memory.enforce();
    } catch (error) {
      if (!(error instanceof Poisoned)) {
        const stack = error instanceof Error ? error.stack : "";
        logger.error({ cache: cache.record.name, error: messageOf(error), stack }, "fill failed");
        loop().clearCache(cache, "a fill failed");
      }
      refuse(messageOf(error));
      span?.set({ "freshet.refused": true });
    } finally {
      span?.end();
    }
  }

  #release(adapter: AttachedAdapter, message: Extract<ToServer, { kind: "release" }>): void {
    const { registry, adapters } = this.#options;
    const cache = registry.get(message.cache);
    for (const key of message.keys) {
      if (adapters.unsubscribe(message.cache, key, adapter)) cache?.entries.evict(key);
    }
  }

  async #control(message: Extract<ToServer, { kind: "control" }>): Promise<ToAdapter> {
    const { request, statement, scope } = message;
    const { statements, metrics } = this.#options;
    const span = metrics.tracer.span("control", { "freshet.statement": statement.kind });
    const result = await statements.run(statement, scope);
    metrics.controlled(statement.kind, !("code" in result));
    span?.end("code" in result ? result.code : undefined);
    if ("code" in result) return { kind: "control-error", request, error: result };
    return { kind: "control-result", request, result };
  }

  async #awaitPosition(message: Extract<ToServer, { kind: "await-position" }>): Promise<ToAdapter> {
    const { request, limitMs } = message;
    const { waiters, logger } = this.#options;
    try {
      const position = message.position === "" ? await this.#now.next() : message.position;
      return { kind: "position", request, reached: await waiters.wait(position, limitMs) };
    } catch (error) {
      logger.warn(
        { error: messageOf(error) },
        "the upstream's position could not be read; forwarding",
      );
      return { kind: "position", request, reached: false };
    }
  }

  async #access(message: Extract<ToServer, { kind: "access" }>): Promise<ToAdapter> {
    const { registry, upstream, logger } = this.#options;
    const { request, cache: id, role } = message;
    const cache = registry.get(id);
    let allowed = false;
    try {
      if (cache !== null) allowed = await upstream.mayRead(role, cache.compiled.uses);
    } catch (error) {
      logger.warn({ role, error: messageOf(error) }, "privileges could not be read; forwarding");
    }
    return { kind: "access-result", request, allowed };
  }

  #report(adapter: AttachedAdapter, message: Extract<ToServer, { kind: "report" }>): void {
    const { registry, proxied, connections } = this.#options;
    proxied.count(message.proxied);
    for (const { cache, count } of message.hits) {
      const live = registry.get(cache);
      if (live !== null) live.hits += count;
    }
    connections.set(adapter, message.connections);
  }
}
