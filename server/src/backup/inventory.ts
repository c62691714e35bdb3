import { text } from "node:stream/consumers";
import { type BackupOwner, dialectPrefix, replicaPrefix, timeOfBackup } from "./backup-names.ts";
import type { BackupLocation, StoredObject } from "./location.ts";
import { MANIFEST, type Manifest, parseManifest } from "./manifest.ts";

/** A copy at the location, or what there is of one. */
export interface FoundBackup {
  readonly name: string;
  readonly replica: string;
  /** Of its objects, with a `/` at the end. */
  readonly prefix: string;
  readonly objects: readonly StoredObject[];
  /** Null: it has none that this version understands, or its files are not as it says. */
  readonly manifest: Manifest | null;
}

/** The copies of one replica, or of all in the deployment with its dialect; newest first. */
export async function listBackups(
  location: BackupLocation,
  owner: BackupOwner,
  whose: "own" | "all",
  signal: AbortSignal,
): Promise<readonly FoundBackup[]> {
  const base = dialectPrefix(owner);
  const objects = await location.list(whose === "own" ? replicaPrefix(owner) : base);
  const byPrefix = new Map<string, StoredObject[]>();
  for (const object of objects) {
    const parts = object.name.slice(base.length).split("/");
    if (parts.length !== 3 || timeOfBackup(parts[1]!) === 0) continue;
    const prefix = `${base}${parts[0]}/${parts[1]}/`;
    const known = byPrefix.get(prefix);
    if (known === undefined) byPrefix.set(prefix, [object]);
    else known.push(object);
  }
  const found: FoundBackup[] = [];
  for (const [prefix, own] of byPrefix) {
    const [replica = "", name = ""] = prefix.slice(base.length).split("/");
    const isOwn = prefix.startsWith(replicaPrefix(owner));
    const manifest = await readManifest(location, prefix, own, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      // Their owners may be removing them. One of our own would be taken for a broken one, though.
      if (isOwn) throw error;
      return null;
    });
    found.push({ name, replica: decodeURIComponent(replica), prefix, objects: own, manifest });
  }
  return found.sort((left, right) => (left.name < right.name ? 1 : -1));
}

async function readManifest(
  location: BackupLocation,
  prefix: string,
  objects: readonly StoredObject[],
  signal: AbortSignal,
): Promise<Manifest | null> {
  const sizes = new Map(objects.map(({ name, bytes }) => [name, bytes]));
  if (!sizes.has(prefix + MANIFEST)) return null;
  const manifest = parseManifest(await text(await location.read(prefix + MANIFEST, signal)));
  const whole = manifest?.files.every(
    ({ storedName, storedBytes }) => sizes.get(prefix + storedName) === storedBytes,
  );
  return whole === true ? manifest : null;
}
