import * as fs from "node:fs";
import { join } from "node:path";
import { openStore } from "./open-store.ts";
import type { OpenedStore } from "./open-store.ts";
import {
  DATA_FILE,
  DATA_LOCK_FILE,
  FORMAT_VERSION,
  markClosed,
  releaseDirectory,
  syncDirectory,
  takeDirectory,
} from "./store-files.ts";

/** The form of a store's data file; one of another form cannot be opened. */
export const STORE_FORMAT = FORMAT_VERSION;

export interface EmptyDirectory {
  /** There is no store, or not any more. */
  readonly empty: boolean;
  /** Why the store that was there had to be thrown away. */
  readonly resetReason: string | null;
}

/**
 * Is there a store to go on with? One that cannot be trusted is removed.
 * @throws ConfigurationError as `openStore` does.
 */
export function emptyDirectory(directory: string): EmptyDirectory {
  const { resetReason } = takeDirectory(directory);
  releaseDirectory(directory, false);
  return { empty: !fs.existsSync(join(directory, DATA_FILE)), resetReason };
}

/** The path of the data file in a new, empty directory; whatever was there is removed. */
export function clearCopy(directory: string): string {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  return join(directory, DATA_FILE);
}

/** Opens a store of which only the data file is there, as `Store.backup` made it. */
export function openCopy(directory: string): Promise<OpenedStore> {
  markClosed(directory);
  return openStore({ directory });
}

/**
 * Puts a closed copy where a store is to be; `openStore` finds it there. The data file comes
 * last and everything is on disk before, so whoever is interrupted leaves no store at all.
 */
export function installCopy(copy: string, directory: string): void {
  takeDirectory(directory);
  try {
    fs.rmSync(join(directory, DATA_FILE), { force: true });
    fs.rmSync(join(directory, DATA_LOCK_FILE), { force: true });
    syncFile(join(copy, DATA_FILE));
    markClosed(directory);
    fs.renameSync(join(copy, DATA_FILE), join(directory, DATA_FILE));
    syncDirectory(directory);
  } finally {
    releaseDirectory(directory, false);
  }
  fs.rmSync(copy, { recursive: true, force: true });
}

function syncFile(path: string): void {
  const file = fs.openSync(path, "r+");
  try {
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}
