import type { Owner } from "../engine/ownership.ts";

export const MANIFEST_FORMAT = 1;
export const MANIFEST = "manifest.json";

/** A file of a copy: as it was, and as it is stored. */
export interface CopiedFile {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
  readonly storedName: string;
  readonly storedBytes: number;
  readonly storedSha256: string;
  readonly compression: "zstd";
}

export interface CopiedTable {
  readonly id: number;
  readonly name: string;
  readonly generation: string;
  readonly rows: number;
  readonly state: string;
}

/**
 * Describes a copy of a store; written after its files were read back, so where there is one the
 * copy was whole.
 */
export interface Manifest {
  readonly format: number;
  /** The form of the data file. */
  readonly storeFormat: number;
  readonly product: string;
  readonly dialect: string;
  readonly deployment: string;
  readonly replica: string;
  /** Whose changes the store holds. */
  readonly owner: Owner;
  /** Everything up to here is in the copy, nothing after it. */
  readonly position: string;
  /** What the upstream's side needs to prove that the copy can be continued. */
  readonly evidence: unknown;
  /** ISO 8601. */
  readonly created: string;
  readonly tables: readonly CopiedTable[];
  readonly files: readonly CopiedFile[];
}

/** Null for what is not a manifest that this version understands. */
export function parseManifest(text: string): Manifest | null {
  let value: Partial<Manifest> | null;
  try {
    value = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    return null;
  }
  const usable =
    value?.format === MANIFEST_FORMAT &&
    typeof value.position === "string" &&
    typeof value.owner === "object" &&
    value.owner !== null &&
    Array.isArray(value.tables) &&
    Array.isArray(value.files);
  return usable ? (value as Manifest) : null;
}
