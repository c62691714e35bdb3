import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import type { Readable } from "node:stream";
import type { BackupLocation, StoredObject } from "./location.ts";

/** Large enough that a file system on a network is not asked for every page. */
const READ_BYTES = 1 << 18;

/** Copies in a directory. */
export class FileLocation implements BackupLocation {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    // Prefixes of ours end at a directory.
    const directory = this.#path(prefix);
    const objects: StoredObject[] = [];
    for (const path of await filesUnder(directory)) {
      const found = await stat(path).catch(unlessGone);
      if (found === null) continue;
      const name = path.slice(this.#root.length).split(sep).filter(Boolean).join("/");
      objects.push({ name, bytes: found.size });
    }
    return objects;
  }

  async read(name: string, signal: AbortSignal): Promise<Readable> {
    const path = this.#path(name);
    await stat(path);
    return createReadStream(path, { highWaterMark: READ_BYTES, signal });
  }

  async write(
    name: string,
    content: AsyncIterable<Buffer>,
    _bytes: number,
    signal: AbortSignal,
  ): Promise<void> {
    const path = this.#path(name);
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "w", 0o600);
    try {
      for await (const chunk of content) {
        signal.throwIfAborted();
        await file.appendFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await syncDirectory(dirname(path));
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const path = this.#path(name);
      await rm(path, { force: true });
      // The last one of a copy takes its directory along.
      await rmdir(dirname(path)).catch(() => undefined);
    }
  }

  close(): void {}

  #path(name: string): string {
    return join(this.#root, ...name.split("/"));
  }
}

async function filesUnder(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(unlessGone);
  if (entries === null) return [];
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) files.push(...(await filesUnder(path)));
    else if (entry.isFile()) files.push(path);
  }
  return files;
}

function unlessGone(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
