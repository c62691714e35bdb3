import type { Row } from "@freshet/types";
import type { Bounds } from "./bounds.ts";
import { PART_LIMIT, SPACE_BYTES } from "./keys.ts";
import type { RangeQuery } from "./range-reader.ts";
import { decodeWhole, uncutKey } from "./table-rows.ts";
import type { FoundRow } from "./table-rows.ts";

interface CutRow {
  readonly key: Buffer;
  readonly rowKey: Buffer;
  readonly row: Row;
  readonly count: number;
}

/**
 * Consecutive entries whose keys are alike as far as they are stored. Beyond that they lie in no
 * order, so they are compared with the true bounds and sorted by their whole keys.
 */
export class CutRun {
  readonly #query: RangeQuery;
  readonly #exact: Bounds["exact"];
  readonly #keyColumns: readonly number[];
  #part: Buffer | null = null;
  #rows: CutRow[] = [];

  constructor(query: RangeQuery, exact: Bounds["exact"]) {
    this.#query = query;
    this.#exact = exact;
    this.#keyColumns = query.index?.columns ?? query.table.schema.key ?? [];
  }

  /** Whether the entry belongs to the run so far; it is what the next run is compared with. */
  continues(bytes: Buffer, start: number, partLength: number): boolean {
    const end = start + SPACE_BYTES + Math.min(partLength, PART_LIMIT);
    const part = bytes.subarray(start, end);
    if (this.#part?.equals(part) === true) return true;
    this.#part = Buffer.from(part);
    return false;
  }

  add(found: FoundRow, rowKey: Buffer): void {
    const { table, index } = this.#query;
    const count = found.count;
    const row = decodeWhole(table.layout, found);
    const key = uncutKey(table, index?.space ?? table.space, row, this.#keyColumns).copy();
    if (this.#exact !== null) {
      if (key.compare(this.#exact.low) < 0 || key.compare(this.#exact.high) >= 0) return;
    }
    this.#rows.push({ key, rowKey, row, count });
  }

  /** The rows collected, in order; the run is empty after. */
  take(): Row[] {
    const rows = this.#rows;
    this.#rows = [];
    const direction = this.#query.descending ? -1 : 1;
    rows.sort((a, b) => direction * (a.key.compare(b.key) || a.rowKey.compare(b.rowKey)));
    const { columns } = this.#query;
    return rows.flatMap(({ row, count }) =>
      Array.from({ length: count }, () => columns.map((column) => row[column] ?? null)),
    );
  }
}
