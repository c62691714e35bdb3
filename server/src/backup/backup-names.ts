/** Whose copies: `<deployment>/<dialect>/<replica>/<time>/<file>` below the location. */
export interface BackupOwner {
  /** The deployment that the replica belongs to. */
  readonly deployment: string;
  readonly dialect: string;
  /** The engine's own name: what its slot and publication are called after. */
  readonly replica: string;
}

export function dialectPrefix({ deployment, dialect }: BackupOwner): string {
  return `${folderName(deployment)}/${dialect}/`;
}

export function replicaPrefix(owner: BackupOwner): string {
  return `${dialectPrefix(owner)}${folderName(owner.replica)}/`;
}

/** One folder below the present one, whatever the name. */
function folderName(name: string): string {
  return /^\.+$/.test(name) ? name.replaceAll(".", "%2E") : encodeURIComponent(name);
}

/** Sorts by time. Later than `newest`, whatever the clock says. */
export function backupName(nowMs: number, newest: string | null): string {
  const before = newest === null ? 0 : timeOfBackup(newest);
  return new Date(Math.max(nowMs, before + 1)).toISOString().replaceAll(/[-:]/g, "");
}

/** Milliseconds since the epoch; 0 for a name that is no copy's. */
export function timeOfBackup(name: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z$/.exec(name);
  if (match === null) return 0;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
