import type { Span, Tracer } from "@freshet/telemetry";
import type { ForwardReason, Route, Router } from "../contract.ts";
import type { AdapterMetrics } from "./adapter-options.ts";
import { type LastStatement, NO_STATEMENT } from "./last-statement.ts";

/** Timing every hit would cost more than it tells. */
const HITS_PER_TIMING = 16;

/** What all sessions of a thread count together. */
export interface AdapterCounters {
  hits: number;
  forwards: number;
  forwardsByReason: Map<ForwardReason, number>;
  upstreamConnections: number;
}

export interface AccountContext {
  readonly router: Router;
  readonly metrics: AdapterMetrics;
  readonly tracer: Tracer;
  readonly counters: AdapterCounters;
}

/** What was sent upstream for the client and will be answered. */
export interface SentUnit {
  /** 0: not for the client. */
  sentAtMs: number;
  span: Span | null;
}

/** Keeps account of one session's statements: counters, a sample of times, the last one. */
export class StatementAccount {
  last: LastStatement = NO_STATEMENT;
  readonly #context: AccountContext;
  #receivedAtMs = 0;
  #hits = 0;
  /** Of what is being sent. */
  #span: Span | null = null;

  constructor(context: AccountContext) {
    this.#context = context;
  }

  /** Bytes of the client arrived. */
  received(bytes: number): void {
    this.#context.metrics.bytesFromClient(bytes);
    if (this.#hits % HITS_PER_TIMING === 0) this.#receivedAtMs = performance.now();
  }

  hit(cache: string): void {
    const { counters, metrics } = this.#context;
    this.last = { cache, reason: "ok" };
    counters.hits += 1;
    metrics.hit();
    this.#hits += 1;
    if (this.#hits % HITS_PER_TIMING === 1) {
      metrics.hitTimed((performance.now() - this.#receivedAtMs) / 1000);
    }
  }

  /** Something goes upstream for the client; `forwarded` says what, `replied` its end. */
  sent(unit: SentUnit): void {
    unit.sentAtMs = performance.now();
    unit.span = this.#span = this.#context.tracer.span("forward");
  }

  replied(unit: SentUnit, failed: boolean): void {
    if (unit.sentAtMs === 0) return;
    this.#context.metrics.forwardTimed((performance.now() - unit.sentAtMs) / 1000);
    unit.span?.end(failed ? "the upstream answered with an error" : undefined);
  }

  /** `route` null: the statement was not looked at. */
  forwarded(route: Route | null, reason: ForwardReason): void {
    const { counters, metrics, router } = this.#context;
    this.last = { cache: null, reason };
    counters.forwards += 1;
    counters.forwardsByReason.set(reason, (counters.forwardsByReason.get(reason) ?? 0) + 1);
    metrics.forward(reason);
    if (this.#span !== null) {
      const queryId = route?.kind === "forward" ? route.queryId : null;
      this.#span.set({ "freshet.reason": reason, "freshet.query_id": queryId ?? "" });
      this.#span = null;
    }
    if (route !== null) router.countForward(route, reason);
  }

  upstreamOpened(): void {
    this.#context.metrics.upstreamOpened();
    this.#context.counters.upstreamConnections += 1;
  }

  upstreamClosed(): void {
    this.#context.metrics.upstreamClosed();
    this.#context.counters.upstreamConnections -= 1;
  }
}
