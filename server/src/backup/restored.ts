import type { Store } from "@freshet/storage";
import type { Logger } from "@freshet/util";
import type { Owner } from "../engine/ownership.ts";
import type { BackupLog } from "../replication/contract.ts";

/**
 * In a store that came from a backup and of which nobody knows yet whether the upstream still has
 * what followed.
 */
export interface RestoredFrom {
  readonly backup: string;
  readonly owner: Owner;
  readonly position: string;
  readonly evidence: unknown;
}

const DOCUMENT = "restored";

export function writeRestored(store: Store, restored: RestoredFrom): void {
  store.write((batch) => batch.putDocument(DOCUMENT, restored));
}

/** It came from a backup and nothing has been done with it since. */
export function isRestored(store: Store): boolean {
  return store.readDocument(DOCUMENT) !== undefined && store.readDocument(DOCUMENT) !== null;
}

function forgetRestored(store: Store): void {
  store.write((batch) => batch.deleteDocument(DOCUMENT));
}

/**
 * Before the upstream connects: prepares it to go on after the restored position, or tells `reset`
 * why it cannot. Tables of which changes may be missing are dropped. Nothing to do for a store
 * that was not restored, or whose case is settled.
 */
export async function continueRestored(options: {
  readonly store: Store;
  readonly backups: BackupLog;
  readonly logger: Logger;
  readonly reset: (reason: string) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { store, backups, logger, reset, signal } = options;
  const restored = store.readDocument(DOCUMENT) as RestoredFrom | null | undefined;
  if (restored === null || restored === undefined) return;
  const { backup, owner, position, evidence } = restored;
  // One that is being copied already is not the backup's any more.
  const whole = store.tables().filter(({ state }) => state.kind === "ready");
  const tables = whole.map(({ schema }) => schema);
  const resumed = await backups.resume({ owner, position, evidence, tables }, signal);
  if ("refused" in resumed) {
    const message = "the backup cannot be continued; copying the tables";
    logger.warn({ backup, reason: resumed.refused }, message);
    reset(resumed.refused);
  } else {
    for (const { table, reason } of resumed.stale) {
      const name = tables.find(({ id }) => id === table);
      const label = name === undefined ? String(table) : `${name.schema}.${name.name}`;
      const message = "a table of the backup cannot be continued; copying it";
      logger.warn({ backup, table: label, reason }, message);
      store.dropTable(table);
    }
  }
  forgetRestored(store);
}
