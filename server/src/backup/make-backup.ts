import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { STORE_FORMAT, type Store, clearCopy, openCopy } from "@freshet/storage";
import { type Clock, OperationalError } from "@freshet/util";
import { readOwner } from "../engine/ownership.ts";
import type { BackupLog } from "../replication/contract.ts";
import { PRODUCT_VERSION } from "../version.ts";
import { type BackupOwner, backupName, replicaPrefix } from "./backup-names.ts";
import { listBackups } from "./inventory.ts";
import type { BackupLocation } from "./location.ts";
import { type CopiedFile, MANIFEST, MANIFEST_FORMAT, type Manifest } from "./manifest.ts";
import { prune } from "./prune.ts";
import { storeFile } from "./transfer.ts";

export const DATA_NAME = "data.mdb";
export const DEFINITIONS_NAME = "caches.json";

/** What has just been done; for tests that stop there. */
export type BackupStep = "held" | "copied" | "stored" | "whole" | "released" | "pruned";

export interface BackupSource {
  readonly store: Store;
  readonly backups: BackupLog;
  compare(left: string, right: string): number;
  /** Resolves when the store's position is at or after this one. */
  settle(position: string, signal: AbortSignal): Promise<void>;
}

export interface BackupJob {
  readonly source: BackupSource;
  readonly location: BackupLocation;
  readonly owner: BackupOwner;
  readonly keep: number;
  /** On a disk with room for the store; ours alone. */
  readonly workDirectory: string;
  /** Stored along where it exists. */
  readonly definitionsPath: string;
  readonly clock: Clock;
  readonly onStep?: (step: BackupStep) => void;
}

export interface MadeBackup {
  readonly name: string;
  readonly position: string;
  /** As stored. */
  readonly bytes: number;
}

/**
 * Makes one copy. The order is what makes it exact: the upstream keeps its log and tells what is
 * published; then the store passes that moment; then it is copied, so that nothing that follows
 * the copy's position can be missing; then the files are stored and read back; then the manifest
 * is written, from which on the copy counts; only then may older log and older copies go.
 */
export async function makeBackup(job: BackupJob, signal: AbortSignal): Promise<MadeBackup> {
  const { source, location, owner, clock, workDirectory, onStep } = job;
  // A location that cannot be reached should cost nothing.
  const before = await listBackups(location, owner, "own", signal);
  const name = backupName(clock.nowMs(), before[0]?.name ?? null);
  const held = await source.backups.hold(signal);
  onStep?.("held");
  await source.settle(held.position, signal);
  signal.throwIfAborted();
  try {
    const contents = await copyStore(job, held.position, held.reach);
    onStep?.("copied");
    const prefix = `${replicaPrefix(owner)}${name}/`;
    const files: CopiedFile[] = [];
    const add = async (file: string, path: string) => {
      files.push(await storeFile({ path, name: file, location, prefix, signal }));
    };
    await add(DATA_NAME, join(workDirectory, DATA_NAME));
    if (existsSync(job.definitionsPath)) await add(DEFINITIONS_NAME, job.definitionsPath);
    onStep?.("stored");
    const manifest: Manifest = {
      format: MANIFEST_FORMAT,
      storeFormat: STORE_FORMAT,
      product: PRODUCT_VERSION,
      ...owner,
      ...contents,
      evidence: held.evidence,
      created: new Date(clock.nowMs()).toISOString(),
      files,
    };
    await writeManifest(location, prefix, manifest, signal);
    onStep?.("whole");
    await source.backups.release(manifest.position);
    onStep?.("released");
    await prune({ location, owner, keep: job.keep, signal });
    onStep?.("pruned");
    const bytes = files.reduce((sum, file) => sum + file.storedBytes, 0);
    return { name, position: manifest.position, bytes };
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

/** Copies the data file to the work directory and says what is in the copy itself. */
async function copyStore(
  { source, workDirectory }: BackupJob,
  notBefore: string,
  reach: string | null,
): Promise<Pick<Manifest, "owner" | "position" | "tables">> {
  await mkdir(dirname(workDirectory), { recursive: true });
  await source.store.backup(clearCopy(workDirectory));
  const copy = await openCopy(workDirectory);
  try {
    const position = copy.position();
    const owner = readOwner(copy);
    if (copy.resetReason !== null || position === null || position === "" || owner === null) {
      throw new OperationalError("the copy of the storage does not say where it stands");
    }
    if (source.compare(position, notBefore) < 0) {
      throw new OperationalError("the storage was begun anew while it was being copied");
    }
    if (reach !== null && source.compare(reach, position) > 0) {
      throw new OperationalError("the upstream keeps its log only from after the copy's position");
    }
    const tables = copy.tables().map(({ schema, state, rows }) => ({
      id: schema.id,
      name: `${schema.schema}.${schema.name}`,
      generation: schema.generation,
      rows,
      state: state.kind,
    }));
    return { owner, position, tables };
  } finally {
    await copy.close();
  }
}

async function writeManifest(
  location: BackupLocation,
  prefix: string,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<void> {
  const content = Buffer.from(JSON.stringify(manifest, null, 1));
  const name = prefix + MANIFEST;
  await location.write(name, once(content), content.length, signal);
  const back: Buffer[] = [];
  for await (const chunk of await location.read(name, signal)) back.push(chunk as Buffer);
  if (!Buffer.concat(back).equals(content)) {
    throw new OperationalError(`${name} is not what was written there`);
  }
}

async function* once(content: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield await Promise.resolve(content);
}
