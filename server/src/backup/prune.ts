import type { BackupOwner } from "./backup-names.ts";
import { type FoundBackup, listBackups } from "./inventory.ts";
import type { BackupLocation } from "./location.ts";
import { MANIFEST } from "./manifest.ts";

/**
 * Removes the replica's own whole copies but for the newest `keep`, and those that never became
 * whole and are older than the newest that is. Returns the names of what is gone.
 */
export async function prune(options: {
  readonly location: BackupLocation;
  readonly owner: BackupOwner;
  readonly keep: number;
  readonly signal: AbortSignal;
}): Promise<readonly string[]> {
  const { location, owner, keep, signal } = options;
  const found = await listBackups(location, owner, "own", signal);
  const whole = found.filter(({ manifest }) => manifest !== null);
  const newest = whole[0];
  if (newest === undefined) return [];
  const kept = new Set(whole.slice(0, keep));
  const gone = found.filter((backup) => !kept.has(backup) && backup.name < newest.name);
  for (const backup of gone) await remove(location, backup);
  return gone.map(({ name }) => name);
}

/** The manifest goes first: what is left of it then is no copy. */
async function remove(location: BackupLocation, { prefix, objects }: FoundBackup): Promise<void> {
  const manifest = prefix + MANIFEST;
  if (objects.some(({ name }) => name === manifest)) await location.remove([manifest]);
  await location.remove(objects.map(({ name }) => name).filter((name) => name !== manifest));
}
