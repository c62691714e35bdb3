import { ByteScratch } from "@freshet/types";
import { META_GARBAGE } from "./catalog.ts";
import type { SpaceId } from "./catalog.ts";
import { asKey, currentKey } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { SPACE_BYTES, startSpace, toSuccessor } from "./keys.ts";
import { PIECES_SPACE } from "./values.ts";

const low = new ByteScratch(SPACE_BYTES);
const high = new ByteScratch(SPACE_BYTES);

/** Spaces that nothing refers to any more, emptied a little at a time. */
export class Garbage {
  readonly #environment: Environment;
  #spaces: readonly SpaceId[];

  constructor(environment: Environment) {
    this.#environment = environment;
    const names = environment.meta.list(META_GARBAGE);
    this.#spaces = names.map(([name]) => Number(name.slice(META_GARBAGE.length)));
  }

  get isEmpty(): boolean {
    return this.#spaces.length === 0;
  }

  /** The list as it is, for `restore` when the transaction fails. */
  get spaces(): readonly SpaceId[] {
    return this.#spaces;
  }

  restore(spaces: readonly SpaceId[]): void {
    this.#spaces = spaces;
  }

  /** In a transaction: the space is garbage from now on. */
  add(space: SpaceId): void {
    this.#environment.meta.put(META_GARBAGE + space, "1");
    this.#spaces = [...this.#spaces, space];
  }

  /** In a transaction: garbage only if this process ends before `remove`. */
  reserve(space: SpaceId): void {
    this.#environment.meta.put(META_GARBAGE + space, "1");
  }

  /** In a transaction: the space came into use after all. */
  remove(space: SpaceId): void {
    this.#environment.meta.remove(META_GARBAGE + space);
    this.#spaces = this.#spaces.filter((other) => other !== space);
  }

  /** In a transaction: deletes at most this many entries. */
  collect(limit: number): void {
    const [space] = this.#spaces;
    if (space === undefined) return;
    const { data } = this.#environment;
    const keys = this.#keysOf(space, limit);
    if (keys.length < limit) keys.push(...this.#keysOf(space + PIECES_SPACE, limit - keys.length));
    for (const key of keys) data.removeSync(asKey({ bytes: key, length: key.length }));
    if (keys.length < limit) this.remove(space);
  }

  #keysOf(space: number, limit: number): Buffer[] {
    const { data } = this.#environment;
    startSpace(low, space);
    startSpace(high, space);
    toSuccessor(high);
    const keys: Buffer[] = [];
    // Undeclared in lmdb's types for getRange: false leaves the values unread.
    const options = {
      start: asKey(low),
      end: asKey(high),
      limit,
      ...({ values: false } as object),
    };
    // The entries are nothing; reading one sets `currentKey`.
    data.getRange(options).forEach(() => {
      keys.push(Buffer.from(currentKey.bytes.subarray(currentKey.start, currentKey.end)));
    });
    return keys;
  }
}
