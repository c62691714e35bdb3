import type { AdapterLink, ControlError, ControlResult, SessionScope } from "@freshet/rpc";
import type { CacheStatement } from "@freshet/sql";
import type { CanonicalParam } from "@freshet/types";
import { silentLogger, systemClock } from "@freshet/util";
import { Access } from "./access.ts";
import { AwaitedLink, type MissingLink } from "./awaited-link.ts";
import { CacheRegistry } from "./cache-registry.ts";
import type {
  CachedRoute,
  Entry,
  FillResult,
  ForwardReason,
  Route,
  Router,
  RoutingSession,
} from "./contract.ts";
import { Fills } from "./fills.ts";
import { DEFAULT_ROUTER_LIMITS } from "./options.ts";
import type { RouterOptions } from "./options.ts";
import { PendingRequests } from "./pending-requests.ts";
import { Positions } from "./positions.ts";
import { ProxiedQueries } from "./proxied-queries.ts";
import { Reporter } from "./reporter.ts";
import { ResultStore } from "./result-store.ts";
import { RouterMetrics } from "./router-metrics.ts";
import { forwardedRead, stateOf } from "./routes.ts";
import { ServerConnection } from "./server-connection.ts";
import { ServerMessages } from "./server-messages.ts";
import type { RouterParts } from "./server-messages.ts";
import { StatementRouting } from "./statement-routing.ts";
import { TextCache } from "./text-cache.ts";

const NOT_VOUCHED = "the server was not heard from for too long to vouch for answers";

export interface RouterStats {
  readonly entries: number;
  readonly bytes: number;
  readonly texts: number;
  readonly fillsInFlight: number;
  readonly evictions: number;
}

/** A router with the handles that its thread, not the sessions, needs. */
export interface OwnedRouter extends Router {
  /** Begins anew with a link to a (new) server; without one everything is forwarded. */
  attach(link: AdapterLink): void;
  /** What is missing while there is no link. */
  lacks(missing: MissingLink): void;
  readonly stats: RouterStats;
  /** Ends the link; whoever waits is refused, and everything is forwarded from now on. */
  close(): Promise<void>;
}

export function createRouter(options: RouterOptions): OwnedRouter {
  return new CoreRouter(options);
}

/** The `Router` of one adapter thread: delegates to its parts and owns them. */
class CoreRouter implements OwnedRouter {
  readonly #options: RouterOptions;
  readonly #parts: RouterParts;
  readonly #messages: ServerMessages;
  readonly #routing: StatementRouting;
  readonly #proxied: ProxiedQueries;
  readonly #reporter: Reporter;
  readonly #awaited: AwaitedLink;

  constructor(options: RouterOptions) {
    const limits = { ...DEFAULT_ROUTER_LIMITS, ...options.limits };
    const clock = options.clock ?? systemClock;
    const connection = new ServerConnection();
    const registry = new CacheRegistry();
    const store = new ResultStore({
      ...limits,
      onEvict: (cache, key) => connection.release(cache.definition.id, key),
    });
    this.#options = options;
    this.#awaited = new AwaitedLink(clock);
    this.#proxied = new ProxiedQueries(limits.proxiedQueries);
    this.#parts = {
      connection,
      registry,
      store,
      clock,
      fills: new Fills(connection, store, limits.fillsInFlight),
      access: new Access(connection, clock),
      positions: new Positions(connection, clock),
      controls: new PendingRequests<ControlResult | ControlError>(serverLost),
      texts: new TextCache(limits),
      metrics: new RouterMetrics(options.metrics, store, () => registry.all()),
      logger: options.logger ?? silentLogger,
    };
    this.#messages = new ServerMessages(this.#parts);
    this.#routing = new StatementRouting({ ...options, textLength: limits.textLength }, registry);
    this.#reporter = new Reporter({
      connection,
      registry,
      proxied: this.#proxied,
      connections: options.connections ?? (() => []),
      clock,
      intervalMs: options.reportIntervalMs ?? 1_000,
    });
    if (options.link !== null) this.attach(options.link);
  }

  get serving(): boolean {
    const { connection, clock } = this.#parts;
    return this.#messages.serving && connection.vouched(clock);
  }

  get servingReason(): string {
    const { connection, clock } = this.#parts;
    return connection.vouched(clock) ? this.#messages.servingReason : NOT_VOUCHED;
  }

  get generation(): number {
    return this.#messages.generation;
  }

  get accessGeneration(): number {
    return this.#parts.access.generation;
  }

  get visiblePosition(): string {
    return this.#parts.positions.visible;
  }

  get stats(): RouterStats {
    const { store, texts, fills } = this.#parts;
    return {
      entries: store.entryCount,
      bytes: store.bytes,
      texts: texts.size,
      fillsInFlight: fills.inFlight,
      evictions: store.evictions,
    };
  }

  route(text: string, session: RoutingSession): Route {
    const { texts } = this.#parts;
    const table = texts.table(session);
    const known = texts.get(table, text);
    if (known !== undefined) return known;
    const route = this.#routing.route(text, session, table.scope);
    texts.set(table, text, route);
    return route;
  }

  lookup(route: CachedRoute, key: string): Entry | null {
    if (!this.serving) return null;
    const entry = stateOf(route).entries.get(key);
    if (entry === undefined) return null;
    entry.referenced = true;
    return entry;
  }

  fill(route: CachedRoute, key: string, params: readonly CanonicalParam[]): Promise<FillResult> {
    if (!this.serving) {
      return Promise.resolve({ kind: "refused", reason: this.servingReason });
    }
    return this.#parts.fills.fill(stateOf(route), key, params);
  }

  async control(
    statement: CacheStatement,
    scope: SessionScope,
  ): Promise<ControlResult | ControlError> {
    const { connection, controls } = this.#parts;
    if (!connection.connected) await this.#awaited.wait();
    if (!connection.connected) return { code: "57P03", message: this.#awaited.reason };
    const request = connection.nextRequest();
    const answer = controls.wait(request);
    // So that SHOW PROXIED QUERIES knows what was forwarded just now.
    this.#reporter.report();
    connection.send({ kind: "control", request, statement, scope });
    return answer;
  }

  awaitPosition(position: string, limitMs: number): Promise<boolean> {
    return this.#parts.positions.wait(position, limitMs);
  }

  mayRead(route: CachedRoute, role: string): boolean | null {
    return this.#parts.access.mayRead(stateOf(route), role);
  }

  askAccess(route: CachedRoute, role: string): Promise<boolean | null> {
    return this.#parts.access.ask(stateOf(route), role);
  }

  countForward(route: Route, reason: ForwardReason): void {
    this.#parts.metrics.countForward(reason);
    const read = forwardedRead(route);
    if (read !== null && route.kind === "forward") {
      this.#proxied.count(read, route.traits.uncacheable);
    }
  }

  countHit(route: CachedRoute, filled = false): void {
    const state = stateOf(route);
    state.hits += 1;
    if (filled) state.missesUncollected += 1;
    else state.hitsUncollected += 1;
  }

  attach(link: AdapterLink): void {
    const { connection } = this.#parts;
    connection.close();
    this.#messages.lose("connecting to the server");
    connection.attach(
      link,
      (message) => this.#messages.apply(message),
      () => this.#messages.lose("the server is away"),
    );
    connection.send({
      kind: "hello",
      version: connection.protocol,
      adapter: this.#options.adapter,
    });
    this.#awaited.wake();
  }

  lacks(missing: MissingLink): void {
    this.#awaited.lacks(missing);
  }

  async close(): Promise<void> {
    this.#parts.connection.close();
    this.#awaited.lacks({ reason: "the adapter is shutting down", mayCome: false });
    this.#messages.lose("closing");
    await this.#reporter.close();
  }
}

function serverLost(): ControlError {
  return {
    code: "57P03",
    message: "the link to the server ended before it answered",
    hint: "The statement may have been carried out.",
  };
}
