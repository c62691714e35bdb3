import { join } from "node:path";
import { messageOf, OperationalError } from "@freshet/util";
import type { Store } from "./contract.ts";
import { openEnvironment } from "./environment.ts";
import { LmdbStore } from "./lmdb-store.ts";
import { DATA_FILE, markOpen, releaseDirectory, takeDirectory } from "./store-files.ts";

export interface StoreOptions {
  /** Made if it does not exist. On a local disk; one server at a time. */
  readonly directory: string;
  /** Address space to begin with, in bytes; it grows by itself. */
  readonly mapSizeBytes?: number;
  /** Write through the memory map: faster, but a full disk then kills the process. */
  readonly useWritemap?: boolean;
}

export interface OpenedStore extends Store {
  /** Why what the directory held was thrown away and the store is empty; null when it was not. */
  readonly resetReason: string | null;
}

/**
 * Opens the store in a directory, or makes one.
 * @throws ConfigurationError when the directory is in use or holds something else.
 */
export async function openStore(options: StoreOptions): Promise<OpenedStore> {
  const { directory } = options;
  const state = takeDirectory(directory);
  try {
    markOpen(directory);
    const environment = openEnvironment({
      path: join(directory, DATA_FILE),
      mapSizeBytes: options.mapSizeBytes,
      useWritemap: options.useWritemap ?? false,
    });
    const store = new LmdbStore(environment, directory, state);
    // What the last process committed may be in the kernel's memory only.
    await store.checkpoint();
    return store;
  } catch (error) {
    releaseDirectory(directory, false);
    throw new OperationalError(`cannot open the store in ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
