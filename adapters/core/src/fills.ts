import type { RequestId } from "@freshet/rpc";
import type { CanonicalParam, EncodedRows } from "@freshet/types";
import { assert } from "@freshet/util";
import type { CacheState } from "./cache-state.ts";
import type { FillResult } from "./contract.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ResultStore } from "./result-store.ts";

/** One fill on its way; everybody who wants the key waits for the same promise. */
export interface Flight {
  readonly request: RequestId;
  readonly cache: CacheState;
  readonly key: string;
  readonly result: Promise<FillResult>;
  readonly resolve: (result: FillResult) => void;
}

/**
 * Fills through the server, one per key at a time. The answer and later publications come on
 * one ordered link, and the server subscribes this adapter to the key at the position it
 * evaluated at; so an answer that is stored when it arrives misses no publication, and a
 * publication that arrives before it is already contained in it.
 */
export class Fills {
  readonly #flights = new Map<RequestId, Flight>();
  readonly #connection: ServerConnection;
  readonly #store: ResultStore;
  readonly #limit: number;

  constructor(connection: ServerConnection, store: ResultStore, limit: number) {
    this.#connection = connection;
    this.#store = store;
    this.#limit = limit;
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  fill(cache: CacheState, key: string, params: readonly CanonicalParam[]): Promise<FillResult> {
    const running = cache.flights.get(key);
    if (running !== undefined) return running.result;
    const entry = cache.entries.get(key);
    if (entry !== undefined) return Promise.resolve({ kind: "entry", entry });
    if (cache.dropped) return refuse("the cache was dropped");
    if (this.#flights.size >= this.#limit) return refuse("too many fills in flight");
    const request = this.#connection.nextRequest();
    const { promise, resolve } = Promise.withResolvers<FillResult>();
    const flight: Flight = { request, cache, key, result: promise, resolve };
    cache.flights.set(key, flight);
    this.#flights.set(request, flight);
    this.#connection.send({ kind: "fill", request, cache: cache.definition.id, key, params });
    return promise;
  }

  filled(request: RequestId, key: string, rows: EncodedRows): void {
    const flight = this.#land(request);
    if (flight === undefined) return;
    assert(key === flight.key, "the server filled the key that was asked for");
    // The key as received: the one asked with may be a slice that keeps a whole statement alive.
    const { entry, kept } = this.#store.fill(flight.cache, key, rows);
    flight.resolve({ kind: "entry", entry });
    if (!kept) this.#connection.release(flight.cache.definition.id, key);
  }

  refused(request: RequestId, reason: string): void {
    this.#land(request)?.resolve({ kind: "refused", reason });
  }

  /** The cache is gone; its late answers find no flight and are ignored. */
  drop(cache: CacheState, reason: string): void {
    for (const flight of [...cache.flights.values()]) this.refused(flight.request, reason);
  }

  loseAll(reason: string): void {
    for (const request of [...this.#flights.keys()]) this.refused(request, reason);
  }

  #land(request: RequestId): Flight | undefined {
    const flight = this.#flights.get(request);
    if (flight === undefined) return undefined;
    this.#flights.delete(request);
    flight.cache.flights.delete(flight.key);
    return flight;
  }
}

function refuse(reason: string): Promise<FillResult> {
  return Promise.resolve({ kind: "refused", reason });
}
