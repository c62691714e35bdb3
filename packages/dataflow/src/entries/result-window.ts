import { InvariantError } from "@freshet/util";
import type { OutputRow, RowComparator } from "../exec/order.ts";
import { SortedRows } from "./sorted-rows.ts";

/**
 * The first rows of a changing bag in order. Invariant: the rows held are the first `size` rows of
 * the whole; `complete` says they are the whole. Rows past a bound are not kept, so when removals
 * leave fewer than are shown, `short` asks for a refill.
 */
export class ResultWindow {
  readonly #rows: SortedRows;
  readonly #compare: RowComparator;
  readonly #offset: number;
  readonly #limit: number;
  readonly #capacity: number;
  #complete = true;
  #pending: OutputRow[] | null = null;

  constructor(compare: RowComparator, offset: number, limit: number, slack: number) {
    this.#compare = compare;
    this.#rows = new SortedRows(compare);
    this.#offset = offset;
    this.#limit = limit;
    this.#capacity = limit === Infinity ? Infinity : offset + limit + slack;
  }

  get size(): number {
    return this.#pending?.length ?? this.#rows.size;
  }

  /** Starts over: rows added until `finishLoad` are all the rows there are. */
  startLoad(): void {
    this.#pending = [];
    this.#complete = true;
  }

  finishLoad(): void {
    this.#rows.load(this.#pending ?? []);
    this.#pending = null;
    this.#bound();
  }

  add(row: OutputRow): void {
    if (this.#pending !== null) {
      this.#pending.push(row);
      if (this.#pending.length > this.#capacity * 2) {
        this.#pending = this.#pending.sort(this.#compare).slice(0, this.#capacity);
        this.#complete = false;
      }
      return;
    }
    if (!this.#complete && !this.#within(row)) return;
    this.#rows.insert(row);
    if (this.#rows.size > this.#capacity * 2) this.#bound();
  }

  remove(row: OutputRow): void {
    if (!this.#complete && !this.#within(row)) return;
    if (!this.#rows.remove(row)) throw new InvariantError("a result row to remove is not there");
  }

  get short(): boolean {
    return !this.#complete && this.#rows.size < this.#offset + this.#limit;
  }

  shown(): readonly OutputRow[] {
    return this.#rows.slice(this.#offset, this.#limit);
  }

  #within(row: OutputRow): boolean {
    const { last } = this.#rows;
    return last !== undefined && this.#compare(row, last) <= 0;
  }

  #bound(): void {
    if (this.#rows.size <= this.#capacity) return;
    this.#rows.truncate(this.#capacity);
    this.#complete = false;
  }
}
