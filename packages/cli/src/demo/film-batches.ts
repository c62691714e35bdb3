import type { FilmCounts, FilmTable } from "./film-tables.ts";

/** Rows that go into one message. */
const BATCH_ROWS = 2_000;
const PROGRESS_ROWS = 40_000;

export interface LoadOptions {
  readonly url: string;
  readonly counts: FilmCounts;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A table's rows as text that COPY and LOAD DATA read; says how far it has come. */
export function* batches(table: FilmTable, print: (line: string) => void): Iterable<Buffer> {
  const total = table.rowCount.toLocaleString("en");
  let count = 0;
  let batch: string[] = [];
  for (const row of table.rows()) {
    batch.push(row);
    count += 1;
    if (batch.length === BATCH_ROWS) {
      yield Buffer.from(batch.join(""));
      batch = [];
    }
    if (count % PROGRESS_ROWS === 0 && count < table.rowCount) {
      print(`loading ${plural(table.name)} ${count.toLocaleString("en")}/${total}`);
    }
  }
  yield Buffer.from(batch.join(""));
  print(`loading ${plural(table.name)} ${total}/${total}`);
}

function plural(name: string): string {
  return name === "person" ? "people" : `${name.replace("_", " ")}s`;
}
