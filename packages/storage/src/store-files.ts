import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "@freshet/util";

/**
 * The files around the environment:
 *
 * - `freshet-store.json`: the form of the data and whether the last owner closed it. Commits are
 *   not flushed one by one, so after the *machine* stopped uncleanly the pages on disk can be of
 *   different transactions and must not be opened. After only the process died they are whole:
 *   the kernel has them. The machine's boot id tells the two apart.
 * - `freshet-store.lock`: who has the directory open.
 */
const MARKER = "freshet-store.json";
const LOCK = "freshet-store.lock";
export const DATA_FILE = "data.mdb";
/** LMDB's own reader table beside the data file. */
export const DATA_LOCK_FILE = "data.mdb-lock";

export const FORMAT_VERSION = 2;

interface Marker {
  readonly format: number;
  readonly clean: boolean;
  readonly bootId: string | null;
}

interface Owner {
  readonly pid: number;
  /** Tells a process from a later one with its pid; null where it cannot be known. */
  readonly startTime: string | null;
  readonly pidNamespace: string | null;
  readonly bootId: string | null;
}

export interface DirectoryState {
  readonly cleanShutdown: boolean;
  /** Why earlier contents were thrown away; null when they were kept or there were none. */
  readonly resetReason: string | null;
}

const openHere = new Set<string>();

/**
 * Takes the directory for this process and removes data that cannot be trusted.
 * @throws ConfigurationError when another process has it or it holds something else.
 */
export function takeDirectory(directory: string): DirectoryState {
  fs.mkdirSync(directory, { recursive: true });
  const bootId = readBootId();
  takeLock(directory, bootId);
  try {
    return readState(directory, bootId);
  } catch (error) {
    releaseLock(directory);
    throw error;
  }
}

/** Marks the data as in use; before the environment opens. */
export function markOpen(directory: string): void {
  writeMarker(directory, false);
}

/** Says that the data there, or about to be moved there, is whole and on disk. */
export function markClosed(directory: string): void {
  writeMarker(directory, true);
}

/** Records a clean end, after the last flush, and gives the directory up. */
export function releaseDirectory(directory: string, clean: boolean): void {
  if (clean) writeMarker(directory, true);
  releaseLock(directory);
}

function readState(directory: string, bootId: string | null): DirectoryState {
  const marker = readJson<Marker>(join(directory, MARKER));
  const hasData = fs.existsSync(join(directory, DATA_FILE));
  if (marker === null) {
    if (hasData) {
      throw new ConfigurationError(
        `The directory ${directory} holds data that is not a store's; choose an empty directory.`,
      );
    }
    return { cleanShutdown: true, resetReason: null };
  }
  let resetReason: string | null = null;
  if (marker.format !== FORMAT_VERSION) {
    resetReason = `the stored form is ${marker.format}, this version's is ${FORMAT_VERSION}`;
  } else if (!marker.clean && (bootId === null || marker.bootId !== bootId)) {
    resetReason = "the machine stopped while the store was open";
  }
  if (resetReason !== null && hasData) {
    fs.rmSync(join(directory, DATA_FILE));
    fs.rmSync(join(directory, DATA_LOCK_FILE), { force: true });
    return { cleanShutdown: marker.clean, resetReason };
  }
  return { cleanShutdown: marker.clean, resetReason: null };
}

function writeMarker(directory: string, clean: boolean): void {
  const marker: Marker = { format: FORMAT_VERSION, clean, bootId: readBootId() };
  const path = join(directory, MARKER);
  const temporary = `${path}.new`;
  const file = fs.openSync(temporary, "w");
  try {
    fs.writeSync(file, JSON.stringify(marker));
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(temporary, path);
  syncDirectory(directory);
}

export function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const handle = fs.openSync(directory, "r");
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

function takeLock(directory: string, bootId: string | null): void {
  const real = fs.realpathSync(directory);
  if (openHere.has(real)) throw inUse(directory, process.pid);
  const path = join(directory, LOCK);
  const self: Owner = {
    pid: process.pid,
    startTime: startTimeOf("self"),
    pidNamespace: pidNamespace(),
    bootId,
  };
  const content = JSON.stringify(self);
  for (let attempt = 0; ; attempt++) {
    try {
      fs.writeFileSync(path, content, { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = readJson<Owner>(path);
    if (attempt >= 3 || (owner !== null && isAlive(owner, self))) {
      throw inUse(directory, owner?.pid ?? 0);
    }
    fs.rmSync(path, { force: true });
  }
  if (fs.readFileSync(path, "utf8") !== content) throw inUse(directory, 0);
  openHere.add(real);
}

function releaseLock(directory: string): void {
  openHere.delete(fs.realpathSync(directory));
  fs.rmSync(join(directory, LOCK), { force: true });
}

function inUse(directory: string, pid: number): ConfigurationError {
  const who = pid === process.pid ? "this process" : `another process (pid ${pid})`;
  return new ConfigurationError(
    `The directory ${directory} is in use by ${who}; give each server its own directory.`,
  );
}

/** Only a process in our own pid namespace can be asked for; elsewhere LMDB's locks remain. */
function isAlive(owner: Owner, self: Owner): boolean {
  if (owner.bootId !== self.bootId || owner.pidNamespace !== self.pidNamespace) return false;
  if (owner.pid === self.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const startTime = startTimeOf(String(owner.pid));
  return startTime === null || owner.startTime === null || startTime === owner.startTime;
}

function startTimeOf(pid: string): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields after the command, which is in parentheses and may contain blanks.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function pidNamespace(): string | null {
  try {
    return fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

let bootIdOnce: string | null | undefined;

function readBootId(): string | null {
  bootIdOnce ??= findBootId();
  return bootIdOnce;
}

function findBootId(): string | null {
  try {
    if (process.platform === "darwin") {
      return execFileSync("sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" }).trim();
    }
    return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}

function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(fs.readFileSync(path, "utf8")) as T;
  } catch {
    return null;
  }
}
