import { Backoff, type Clock, type Logger, messageOf, runLoop } from "@freshet/util";
import { BLOCK_MS, type ConsulAnswer } from "./consul-client.ts";

export interface WatchQueryOptions<T> {
  /** Asks with these parameters; `index` "0" is answered at once. */
  readonly query: (
    parameters: { readonly index: string; readonly wait: string },
    signal: AbortSignal,
  ) => Promise<ConsulAnswer<T>>;
  /** Called with every answer whose index is new, even if what it holds is not. */
  readonly onAnswer: (data: T) => void;
  /** Aborts whenever answers that are waited for should be asked for anew. */
  readonly renewed: () => AbortSignal;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random?: (() => number) | undefined;
  readonly logger: Logger;
}

/**
 * A loop of blocking queries (Consul's HTTP interface, "Blocking Queries"): an index that went
 * back means that Consul's data was restored or lost, and starts again from 0. One request is
 * under way at a time.
 */
export async function watchQuery<T>(options: WatchQueryOptions<T>): Promise<void> {
  const { query, onAnswer, renewed, signal, clock, random, logger } = options;
  let index = 0n;
  await runLoop({
    step: async () => {
      const renewal = renewed();
      try {
        const limit = AbortSignal.any([signal, renewal]);
        const answer = await query({ index: String(index), wait: `${BLOCK_MS}ms` }, limit);
        if (signal.aborted) return;
        const reset = answer.index < index;
        const changed = reset || answer.index !== index || index === 0n;
        // Index 0 would not wait: 1 is before every change.
        index = reset ? 0n : answer.index > 0n ? answer.index : 1n;
        if (changed && !reset) onAnswer(answer.data);
      } catch (error) {
        if (!renewal.aborted || signal.aborted) throw error;
        index = 0n;
      }
    },
    onError: (error, delayMs) => {
      index = 0n;
      logger.debug({ error: messageOf(error), delayMs }, "a watch of Consul failed");
    },
    signal,
    clock,
    backoff: new Backoff({
      firstMs: 200,
      limitMs: 3_000,
      ...(random === undefined ? {} : { random }),
    }),
  });
}
