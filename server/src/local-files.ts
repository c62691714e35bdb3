import { join, resolve } from "node:path";

/** What a deployment keeps on this machine; removing both makes it a new one. */
export interface LocalFiles {
  /** Directory of the tables' local copy. */
  readonly copy: string;
  /** File of the cache definitions. */
  readonly definitions: string;
}

export function localFiles(storageDir: string, deployment: string): LocalFiles {
  const base = join(resolve(storageDir), deployment);
  return { copy: base, definitions: `${base}.caches.json` };
}
