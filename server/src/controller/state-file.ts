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
import type { State, StateForm } from "./state.ts";

/**
 * One JSON file, apart from the local copy of the tables: that copy may be thrown away and made
 * again, what a person defined may not. Replaced as a whole and synced.
 */
export class StateFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Null when there is none. Throws a ConfigurationError when it cannot be understood. */
  read<T extends object>(form: StateForm<T>): { readonly raw: object; readonly value: T } | null {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    try {
      const raw = JSON.parse(text) as object;
      return { raw, value: form.parse(raw) };
    } catch (cause) {
      throw new ConfigurationError(
        `The ${form.title} in ${this.#path} cannot be read (${messageOf(cause)}): ` +
          "restore the file or remove it and make them again.",
        { cause },
      );
    }
  }

  write(value: object): void {
    const temporary = `${this.#path}.new`;
    mkdirSync(dirname(this.#path), { recursive: true });
    const file = openSync(temporary, "w", 0o600);
    try {
      writeSync(file, JSON.stringify(value, null, 2));
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

/** Kept by this process alone. Updates are done when `update` returns its promise. */
export class LocalState<T extends object> implements State<T> {
  readonly #file: StateFile;
  readonly #handlers: (() => void)[] = [];
  #value: T;

  constructor(path: string, form: StateForm<T>) {
    this.#file = new StateFile(path);
    this.#value = this.#file.read(form)?.value ?? form.initial;
  }

  get value(): T {
    return this.#value;
  }

  update(change: (value: T) => T): Promise<void> {
    const next = change(this.#value);
    if (next === this.#value) return Promise.resolve();
    this.#file.write(next);
    this.#value = next;
    for (const handler of this.#handlers) handler();
    return Promise.resolve();
  }

  onChange(handler: () => void): void {
    this.#handlers.push(handler);
  }

  close(): void {
    this.#handlers.length = 0;
  }
}
