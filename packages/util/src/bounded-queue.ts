import { InvariantError } from "./errors.ts";

/**
 * First-in first-out queue with a hard bound. A full queue refuses (`push` returns false): the
 * caller must pause its source or cut the peer off, memory never grows past the bound.
 */
export class BoundedQueue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;
  readonly #limit: number;

  constructor(limit: number) {
    if (limit < 1) throw new InvariantError("a queue holds at least one item");
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get full(): boolean {
    return this.size >= this.#limit;
  }

  push(item: T): boolean {
    if (this.full) return false;
    this.#items.push(item);
    return true;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.size === 0) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
