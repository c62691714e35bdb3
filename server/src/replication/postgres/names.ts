import { createHash } from "node:crypto";

const IDENTIFIER_BYTES_LIMIT = 63;
/** The longest ending that is put behind a name: `_rewrite`; the slot's is `_backup`. */
const ENDING_BYTES = 8;
const BACKUP_ENDING = "_backup";

/** Everything that we create upstream bears the deployment's name, so deployments never meet. */
export interface SetupNames {
  /** The slot, the publication and the schema of the event triggers' table share one name. */
  readonly slot: string;
  /** Keeps the log from a backup's position on. */
  readonly backupSlot: string;
  readonly publication: string;
  readonly schema: string;
  readonly eventTable: string;
  readonly triggers: {
    readonly commandEnd: string;
    readonly drop: string;
    readonly rewrite: string;
  };
}

/** `replica`: the name of a server that has its own among several, null for the only one. */
export function setupNames(deployment: string, replica: string | null = null): SetupNames {
  const name = replica === null ? combinedName(deployment) : replicaName(deployment, replica);
  const short = name.slice(0, IDENTIFIER_BYTES_LIMIT - ENDING_BYTES);
  return {
    slot: name,
    backupSlot: name.slice(0, IDENTIFIER_BYTES_LIMIT - BACKUP_ENDING.length) + BACKUP_ENDING,
    publication: name,
    schema: name,
    eventTable: "ddl_event",
    triggers: {
      commandEnd: `${short}_ddl`,
      drop: `${short}_drop`,
      rewrite: `${short}_rewrite`,
    },
  };
}

function combinedName(deployment: string): string {
  return `freshet_${plain(deployment)}`.slice(0, IDENTIFIER_BYTES_LIMIT);
}

/**
 * Two replicas never share a name: what is not two words of letters and digits that fit carries a
 * hash of both. Room is left for every ending.
 */
function replicaName(deployment: string, replica: string): string {
  const limit = IDENTIFIER_BYTES_LIMIT - ENDING_BYTES;
  const name = `freshet_${plain(deployment)}_${plain(replica)}`;
  const isWord = (text: string): boolean => /^[a-z0-9]+$/.test(text);
  if (isWord(deployment) && isWord(replica) && name.length <= limit) return name;
  const both = JSON.stringify([deployment, replica]);
  const hash = `_${createHash("sha256").update(both).digest("hex").slice(0, 10)}`;
  return name.slice(0, limit - hash.length) + hash;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9_]/g, "_");
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

export function qualified(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}
