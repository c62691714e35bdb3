import { existsSync, renameSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { STORE_FORMAT, clearCopy, emptyDirectory, installCopy, openCopy } from "@freshet/storage";
import { type Clock, type Logger, OperationalError, messageOf } from "@freshet/util";
import { disownStorage } from "../engine/ownership.ts";
import type { BackupOwner } from "./backup-names.ts";
import { type FoundBackup, listBackups } from "./inventory.ts";
import type { BackupLocation } from "./location.ts";
import { DATA_NAME, DEFINITIONS_NAME } from "./make-backup.ts";
import type { Manifest } from "./manifest.ts";
import { writeRestored } from "./restored.ts";
import { fetchFile } from "./transfer.ts";

/** What has just been done; for tests that stop there. */
export type RestoreStep = "fetched" | "checked" | "installed";

export interface RestoreOptions {
  readonly location: BackupLocation;
  readonly owner: BackupOwner;
  /** Copies of other replicas can be continued: the upstream keeps nothing by our name. */
  readonly anyReplica: boolean;
  /** Where the store is to be. */
  readonly directory: string;
  /** Put there unless it exists. */
  readonly definitionsPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onStep?: (step: RestoreStep) => void;
}

/**
 * Where the directory has no store, puts the newest whole copy there. Whether the upstream still
 * has what followed it is asked later (`continueRestored`). A copy that is damaged is passed over;
 * when there is none, or the location cannot be read, the log says so and the tables are copied.
 */
export async function restoreNewest(options: RestoreOptions): Promise<Manifest | null> {
  const { location, owner, directory, logger, signal } = options;
  const { empty, resetReason } = emptyDirectory(directory);
  if (resetReason !== null) logger.warn({ reason: resetReason }, "the local copy was discarded");
  if (!empty) return null;
  try {
    const found = await listBackups(location, owner, "all", signal);
    for (const backup of found) {
      const unusable = whyNot(backup, options);
      if (unusable === null) {
        const manifest = await restore(options, backup, backup.manifest!);
        if (manifest !== null) return manifest;
      } else {
        const { name, replica } = backup;
        logger.warn({ backup: name, replica, reason: unusable }, "a backup cannot be used");
      }
    }
    logger.warn({}, "there is no backup to start from; copying the tables");
  } catch (error) {
    signal.throwIfAborted();
    const message = "the backups cannot be read; copying the tables";
    logger.error({ error: messageOf(error) }, message);
  }
  return null;
}

function whyNot({ manifest, replica }: FoundBackup, options: RestoreOptions): string | null {
  if (manifest === null) return "it is not whole";
  if (manifest.storeFormat !== STORE_FORMAT) {
    return `its stored form is ${manifest.storeFormat}, this version's is ${STORE_FORMAT}`;
  }
  if (replica !== options.owner.replica && !options.anyReplica) {
    return `it is another server's (${replica}), whose slot and publication are not ours`;
  }
  return null;
}

/** Null, with a line in the log, when the copy turns out to be damaged. */
async function restore(
  options: RestoreOptions,
  backup: FoundBackup,
  manifest: Manifest,
): Promise<Manifest | null> {
  const { directory, clock, logger, signal } = options;
  const startedMs = clock.monotonicMs();
  const copy = `${directory}.restoring`;
  try {
    await mkdir(dirname(copy), { recursive: true });
    clearCopy(copy);
    await fetchAll(options, backup, manifest, copy);
    options.onStep?.("fetched");
    await checkCopy(backup, manifest, copy);
    options.onStep?.("checked");
    const definitions = join(copy, DEFINITIONS_NAME);
    if (existsSync(definitions) && !existsSync(options.definitionsPath)) {
      renameSync(definitions, options.definitionsPath);
    }
    installCopy(copy, directory);
    options.onStep?.("installed");
  } catch (error) {
    signal.throwIfAborted();
    await rm(copy, { recursive: true, force: true });
    logger.error({ backup: backup.name, error: messageOf(error) }, "a backup cannot be used");
    return null;
  }
  const seconds = Number(((clock.monotonicMs() - startedMs) / 1000).toFixed(2));
  const { position, created, tables } = manifest;
  const facts = { backup: backup.name, created, position, tables: tables.length, seconds };
  logger.info(facts, "the storage was restored from a backup");
  return manifest;
}

async function fetchAll(
  { location, signal }: RestoreOptions,
  { prefix }: FoundBackup,
  manifest: Manifest,
  copy: string,
): Promise<void> {
  for (const file of manifest.files) {
    if (file.name !== DATA_NAME && file.name !== DEFINITIONS_NAME) continue;
    await fetchFile({ file, path: join(copy, file.name), location, prefix, signal });
  }
}

/** Opens it once, and notes in it that nobody has asked the upstream about it yet. */
async function checkCopy(backup: FoundBackup, manifest: Manifest, copy: string): Promise<void> {
  const store = await openCopy(copy);
  try {
    const { position, owner, evidence } = manifest;
    if (store.position() !== position) {
      throw new OperationalError("the copy does not stand where its manifest says");
    }
    disownStorage(store);
    writeRestored(store, { backup: backup.name, owner, position, evidence });
  } finally {
    await store.close();
  }
}
