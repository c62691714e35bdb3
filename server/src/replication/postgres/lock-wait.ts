import type { Clock } from "@freshet/util";
import type { Session } from "./session.ts";

const POLL_INTERVAL_MS = 20;
const REPORT_AFTER_MS = 5000;

/** Locks that a transaction holds when it may have changed rows of the table. */
const WRITERS = `SELECT DISTINCT virtualtransaction AS owner FROM pg_locks
  WHERE locktype = 'relation' AND relation = ANY ($1::text[]::oid[]) AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`;

/**
 * Waits until every transaction that held a writer's lock on the relations when called has
 * ended, as CREATE INDEX CONCURRENTLY does; later ones do not matter. Prepared transactions count.
 */
export async function waitForWriters(options: {
  readonly session: Session;
  readonly relations: readonly number[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called once when the wait is long: an idle transaction somewhere holds us up. */
  readonly onLongWait: (owners: readonly string[]) => void;
}): Promise<void> {
  const { session, relations, clock, signal, onLongWait } = options;
  const parameter = [`{${relations.join(",")}}`];
  const owners = async () =>
    (await session.rows(WRITERS, parameter)).map((row) => row["owner"] ?? "");
  let waiting = new Set(await owners());
  const startedMs = clock.monotonicMs();
  let reported = false;
  while (waiting.size > 0) {
    signal.throwIfAborted();
    await clock.wait(POLL_INTERVAL_MS, signal);
    const still = new Set(await owners());
    waiting = new Set([...waiting].filter((owner) => still.has(owner)));
    if (!reported && waiting.size > 0 && clock.monotonicMs() - startedMs > REPORT_AFTER_MS) {
      reported = true;
      onLongWait([...waiting]);
    }
  }
}
