import { ByteScratch } from "@freshet/types";
import type { StoredIndex, Table } from "./catalog.ts";
import { asBuffer, asKey, currentKey, storedRange } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { indexKey, startSpace, toSuccessor } from "./keys.ts";
import { decodeWhole, locateRow } from "./table-rows.ts";
import { wholeValue } from "./values.ts";

/** Entries per transaction: sorted first, so that they go in page by page. */
const CHUNK = 20_000;

const rowKey = new ByteScratch(256);
const entry = new ByteScratch(256);
const NOTHING = storedRange({ bytes: Buffer.alloc(8), length: 1 });

/** Fills an index with an entry for every row of its table, in transactions of bounded size. */
export function buildIndex(environment: Environment, table: Table, index: StoredIndex): void {
  const { data } = environment;
  const low = new ByteScratch(4);
  const high = new ByteScratch(4);
  startSpace(low, table.space);
  startSpace(high, table.space);
  toSuccessor(high);
  const transaction = data.useReadTransaction();
  let keys: Buffer[] = [];
  const writeChunk = (): void => {
    keys.sort((a, b) => a.compare(b));
    data.transactionSync(() => {
      for (const key of keys) data.putSync(asKey({ bytes: key, length: key.length }), NOTHING);
    });
    keys = [];
  };
  try {
    for (const { value } of data.getRange({ start: asKey(low), end: asKey(high), transaction })) {
      const { bytes, start, end } = currentKey;
      rowKey.reset();
      rowKey.appendBytes(bytes, start, end);
      const whole = wholeValue(data, rowKey, asBuffer(value), { transaction });
      const row = decodeWhole(table.layout, locateRow(table, rowKey.bytes, 0, whole));
      indexKey(entry, table, index, row, rowKey);
      keys.push(entry.copy());
      if (keys.length >= CHUNK) writeChunk();
    }
    if (keys.length > 0) writeChunk();
  } finally {
    transaction.done();
  }
}
