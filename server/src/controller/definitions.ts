import type { CacheRecord } from "../engine/live-cache.ts";
import type { State, StateForm } from "./state.ts";

export interface DefinitionsValue {
  /** Ids are never used twice: adapters may still hold entries of a dropped cache. */
  readonly nextId: number;
  readonly records: readonly CacheRecord[];
}

export const DEFINITIONS_FORM: StateForm<DefinitionsValue> = {
  initial: { nextId: 1, records: [] },
  title: "cache definitions",
  parse(value) {
    const { nextId, records } = value as Partial<DefinitionsValue>;
    if (typeof nextId !== "number" || !Array.isArray(records)) throw new Error("no definitions");
    return { nextId, records: records as readonly CacheRecord[] };
  },
};

/** The defined caches, of this process or of all servers of the deployment. */
export class Definitions {
  readonly #state: State<DefinitionsValue>;

  constructor(state: State<DefinitionsValue>) {
    this.#state = state;
  }

  all(): readonly CacheRecord[] {
    return this.#state.value.records;
  }

  onChange(handler: () => void): void {
    this.#state.onChange(handler);
  }

  async takeId(): Promise<number> {
    let id = 0;
    await this.#state.update((value) => {
      id = value.nextId;
      return { ...value, nextId: id + 1 };
    });
    return id;
  }

  /** Adds the record and removes those it replaces, in one step. */
  put(record: CacheRecord, replaces: (other: CacheRecord) => boolean): Promise<void> {
    return this.#state.update((value) => {
      const others = value.records.filter(({ id }) => id !== record.id);
      const kept = others.filter((other) => !replaces(other));
      const isThere = others.length < value.records.length && kept.length === others.length;
      return isThere ? value : { ...value, records: [...kept, record] };
    });
  }

  /** Returns how many there were. */
  async remove(matches: (record: CacheRecord) => boolean): Promise<number> {
    let count = 0;
    await this.#state.update((value) => {
      const kept = value.records.filter((record) => !matches(record));
      count = value.records.length - kept.length;
      return count === 0 ? value : { ...value, records: kept };
    });
    return count;
  }
}
