import { join, resolve } from "node:path";

/** What a deployment keeps on this machine; removing all of it makes it a new one. */
export interface LocalFiles {
  /** Directory of the tables' local copy. */
  readonly copy: string;
  /** File of the cache definitions. */
  readonly definitions: string;
  /** File of what statements have set for the whole deployment. */
  readonly settings: string;
}

/** `replica`: the name of a server that is one of several, null for the only one. */
export function localFiles(
  storageDir: string,
  deployment: string,
  replica: string | null = null,
): LocalFiles {
  const name = replica === null ? deployment : `${deployment}@${encodeURIComponent(replica)}`;
  const base = join(resolve(storageDir), name);
  return {
    copy: base,
    definitions: `${base}.caches.json`,
    settings: `${base}.settings.json`,
  };
}
