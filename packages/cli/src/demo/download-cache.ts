import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A lock whose process cannot be asked about (it died before it wrote its pid) is old then. */
const STALE_AFTER_MS = 60_000;

/** Where downloaded programs are kept between runs: `$XDG_CACHE_HOME/freshet`. */
export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "freshet");
}

/** What the cache has under `<name>-<version>`: that version, or the newest one. */
export async function findCached(name: string, version?: string): Promise<string | null> {
  if (version !== undefined) {
    const directory = join(cacheDirectory(), `${name}-${version}`);
    return (await exists(directory)) ? directory : null;
  }
  const prefix = `${name}-`;
  const entries = await readdir(cacheDirectory()).catch(() => []);
  const found = entries
    .filter((entry) => entry.startsWith(prefix) && /^\d[\w.]*$/.test(entry.slice(prefix.length)))
    .sort(new Intl.Collator("en", { numeric: true }).compare)
    .at(-1);
  return found === undefined ? null : join(cacheDirectory(), found);
}

/**
 * The directory `<name>-<version>` of the cache, as `findCached`. When there is none, `make` fills a temporary
 * directory beside it and returns the version; only a complete one gets the name. Processes
 * that ask at the same time wait for the first.
 */
export async function cached(
  name: string,
  make: (directory: string) => Promise<string>,
  version?: string,
): Promise<string> {
  const present = await findCached(name, version);
  if (present !== null) return present;
  const root = cacheDirectory();
  await mkdir(root, { recursive: true });
  const lock = join(root, `.lock-${name}`);
  while (!(await acquire(lock))) await delay(200);
  try {
    const meanwhile = await findCached(name, version);
    if (meanwhile !== null) return meanwhile;
    await removeUnfinished(root, name);
    const directory = join(root, `.new-${name}-${process.pid}`);
    await mkdir(directory);
    try {
      const target = join(root, `${name}-${await make(directory)}`);
      await rename(directory, target).catch(async (error: unknown) => {
        // A second holder of a lock wrongly held to be stale: the work was done twice.
        if (!(await exists(target))) throw error;
      });
      return target;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** What processes that were killed while they held the lock left behind. */
async function removeUnfinished(root: string, name: string): Promise<void> {
  const prefix = `.new-${name}-`;
  for (const entry of await readdir(root)) {
    if (!entry.startsWith(prefix) || !/^\d+\b/.test(entry.slice(prefix.length))) continue;
    await rm(join(root, entry), { recursive: true, force: true });
  }
}

async function acquire(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    await writeFile(join(lock, "pid"), String(process.pid));
    return true;
  } catch {
    if (await isStale(lock)) {
      const aside = `${lock}-stale-${process.pid}`;
      // Of several that find it stale, one succeeds.
      await rename(lock, aside).catch(() => undefined);
      await rm(aside, { recursive: true, force: true });
    }
    return false;
  }
}

async function isStale(lock: string): Promise<boolean> {
  const pid = Number(await readFile(join(lock, "pid"), "utf8").catch(() => ""));
  if (pid > 0) return !isAlive(pid);
  const made = await stat(lock).catch(() => null);
  return made !== null && Date.now() - made.mtimeMs > STALE_AFTER_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
