import type { OutputRow, RowComparator } from "../exec/order.ts";

const CHUNK = 512;

/** Rows in order, in chunks, so that one insertion or removal moves few of them. */
export class SortedRows {
  readonly #compare: RowComparator;
  #chunks: OutputRow[][] = [];
  #size = 0;

  constructor(compare: RowComparator) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  get last(): OutputRow | undefined {
    return this.#chunks.at(-1)?.at(-1);
  }

  /** Replaces everything; sorts `rows` in place. */
  load(rows: OutputRow[]): void {
    rows.sort(this.#compare);
    this.#size = rows.length;
    this.#chunks = [];
    for (let at = 0; at < rows.length; at += CHUNK) this.#chunks.push(rows.slice(at, at + CHUNK));
  }

  insert(row: OutputRow): void {
    this.#size += 1;
    if (this.#chunks.length === 0) {
      this.#chunks.push([row]);
      return;
    }
    const index = Math.min(this.#chunkOf(row), this.#chunks.length - 1);
    const chunk = this.#chunks[index]!;
    chunk.splice(this.#position(chunk, row), 0, row);
    if (chunk.length > CHUNK * 2) this.#chunks.splice(index + 1, 0, chunk.splice(CHUNK));
  }

  /** Removes one row that compares equal; false when there is none. */
  remove(row: OutputRow): boolean {
    const index = this.#chunkOf(row);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return false;
    const position = this.#position(chunk, row);
    const found = chunk[position];
    if (found === undefined || this.#compare(found, row) !== 0) return false;
    chunk.splice(position, 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
    this.#size -= 1;
    return true;
  }

  /** Drops all rows but the first `count`. */
  truncate(count: number): void {
    this.load(this.slice(0, count));
  }

  slice(offset: number, limit: number): OutputRow[] {
    const rows: OutputRow[] = [];
    let skip = offset;
    for (const chunk of this.#chunks) {
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      for (let at = skip; at < chunk.length; at += 1) {
        if (rows.length >= limit) return rows;
        rows.push(chunk[at]!);
      }
      skip = 0;
    }
    return rows;
  }

  /** The first chunk whose last row is not before the row. */
  #chunkOf(row: OutputRow): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#chunks[middle]!.at(-1)!, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #position(chunk: readonly OutputRow[], row: OutputRow): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(chunk[middle]!, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
