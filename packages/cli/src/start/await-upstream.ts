import { type Clock, ConfigurationError, type Logger, messageOf, systemClock } from "@freshet/util";
import type { DialectName } from "@freshet/config";
import { reachMysql } from "./reach-mysql.ts";
import { reachPostgres } from "./reach-postgres.ts";

export interface AwaitUpstreamOptions {
  readonly dialect: DialectName;
  readonly url: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

const RETRY_MS = 1_000;
const SAY_EVERY_MS = 5_000;

/** Null: reached and suitable. A ConfigurationError: waiting would not help. */
const REACH: Readonly<Record<DialectName, (url: string) => Promise<Error | null>>> = {
  postgres: reachPostgres,
  mysql: reachMysql,
};

/**
 * Resolves when the upstream was reached once and can be followed. While it cannot be reached
 * this waits and says so; what only a person can mend is a ConfigurationError.
 */
export async function awaitUpstream(options: AwaitUpstreamOptions): Promise<void> {
  const clock = options.clock ?? systemClock;
  let saidMs = Number.NEGATIVE_INFINITY;
  while (!options.signal.aborted) {
    const problem = await REACH[options.dialect](options.url);
    if (problem === null) return;
    if (problem instanceof ConfigurationError) throw problem;
    if (clock.monotonicMs() - saidMs >= SAY_EVERY_MS) {
      saidMs = clock.monotonicMs();
      options.logger.warn({}, `waiting for the upstream: ${messageOf(problem)}`);
    }
    await clock.wait(RETRY_MS, options.signal);
  }
}
