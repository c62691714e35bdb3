import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { ConfigurationError, messageOf } from "@freshet/util";
import type { CacheRecord } from "../engine/live-cache.ts";

/**
 * The defined caches on disk, apart from the local copy of the tables: that copy may be thrown
 * away and made again, what a person defined may not. One JSON file, replaced as a whole and
 * synced before a definition is announced.
 */
export class CacheRecords {
  readonly #path: string;
  readonly #records = new Map<number, CacheRecord>();
  #nextId = 1;

  /** Throws a ConfigurationError when the file is there and cannot be understood. */
  constructor(path: string) {
    this.#path = path;
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    try {
      const { records, nextId } = JSON.parse(text) as { records: CacheRecord[]; nextId: number };
      for (const record of records) this.#records.set(record.id, record);
      this.#nextId = nextId;
    } catch (cause) {
      throw new ConfigurationError(
        `The cache definitions in ${path} cannot be read (${messageOf(cause)}): ` +
          "restore the file or remove it and create the caches again.",
        { cause },
      );
    }
  }

  all(): readonly CacheRecord[] {
    return [...this.#records.values()];
  }

  /** Ids are never used twice: adapters may still hold entries of a dropped cache. */
  takeId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  put(record: CacheRecord): void {
    this.#records.set(record.id, record);
    this.#save();
  }

  delete(id: number): void {
    if (this.#records.delete(id)) this.#save();
  }

  #save(): void {
    const temporary = `${this.#path}.new`;
    mkdirSync(dirname(this.#path), { recursive: true });
    const file = openSync(temporary, "w", 0o600);
    try {
      writeSync(file, JSON.stringify({ nextId: this.#nextId, records: this.all() }, null, 2));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.#path);
    const directory = openSync(dirname(this.#path), "r");
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }
}
