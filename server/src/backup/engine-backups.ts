import type { Store } from "@freshet/storage";
import { type Clock, type Logger, messageOf, systemClock } from "@freshet/util";
import type { BaseTables } from "../engine/base-tables.ts";
import { type LocalFiles, localFiles } from "../local-files.ts";
import type { BackupLog, Upstream } from "../replication/contract.ts";
import { BackupKeeper, type BackupOptions } from "./backup-keeper.ts";
import type { BackupOwner } from "./backup-names.ts";
import { openLocation } from "./location.ts";
import { restoreNewest } from "./restore-newest.ts";

/** What of an engine's options says which copies are its own. */
export interface BackupSettings {
  readonly backup?: BackupOptions | null;
  readonly deployment: string;
  readonly replica?: string | null;
  readonly storageDir: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** Before the store opens: see `restoreNewest`. Nothing to do without a location. */
export async function restoreForEngine(settings: BackupSettings, dialect: string): Promise<void> {
  const { backup = null, storageDir, deployment, replica, logger } = settings;
  if (backup === null) return;
  const files = localFiles(storageDir, deployment, replica);
  const location = openLocation(backup.location);
  try {
    await restoreNewest({
      location,
      owner: ownerOf(settings, dialect),
      anyReplica: dialect === "mysql",
      directory: files.copy,
      definitionsPath: files.definitions,
      clock: settings.clock ?? systemClock,
      logger,
      signal: settings.signal ?? new AbortController().signal,
    });
  } finally {
    location.close();
  }
}

/** Null without a location. */
export function keeperForEngine(options: {
  readonly settings: BackupSettings;
  readonly dialect: string;
  readonly store: Store;
  readonly upstream: Upstream;
  readonly settle: (position: string, signal: AbortSignal) => Promise<void>;
  readonly worthwhile: (overdue: boolean) => boolean;
}): BackupKeeper | null {
  const { settings, dialect, store, upstream, settle, worthwhile } = options;
  const { backup = null, storageDir, deployment, replica, logger } = settings;
  if (backup === null) return null;
  const files: LocalFiles = localFiles(storageDir, deployment, replica);
  return new BackupKeeper({
    job: {
      source: {
        store,
        backups: upstream.backups,
        compare: (left, right) => upstream.compare(left, right),
        settle,
      },
      location: openLocation(backup.location),
      owner: ownerOf(settings, dialect),
      keep: backup.keep,
      workDirectory: `${files.copy}.backup`,
      definitionsPath: files.definitions,
      clock: settings.clock ?? systemClock,
    },
    intervalMs: backup.intervalMs,
    worthwhile,
    logger,
  });
}

/**
 * An empty storage is not worth copying, nor one that a table is being copied into, unless that
 * goes on for long.
 */
export function isWorthCopying(tables: BaseTables, overdue: boolean): boolean {
  const states = tables.progress().map(({ status }) => status);
  const unfinished = states.some((status) => status !== "online" && status !== "failed");
  return states.includes("online") && (overdue || !unfinished);
}

/** A server that made backups once and makes none now must not retain the upstream's log. */
export async function dropLeftOver(backups: BackupLog, logger: Logger): Promise<void> {
  try {
    const dropped = await backups.drop();
    if (dropped !== null) logger.info({}, dropped);
  } catch (error) {
    logger.warn(
      { error: messageOf(error) },
      "what earlier backups left upstream cannot be removed",
    );
  }
}

function ownerOf({ deployment, replica }: BackupSettings, dialect: string): BackupOwner {
  return { deployment, dialect, replica: replica ?? deployment };
}
