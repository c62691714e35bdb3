import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row, SqlType, TableSchema } from "@freshet/types";
import { openStore } from "../src/index.ts";

/** Prints what the store does in a second: `node packages/storage/test/store-bench.ts [writemap]`. */
const ROWS = 200_000;

const type = (kind: SqlType["kind"]): SqlType => ({
  kind,
  upstreamId: 0,
  name: kind,
  modifier: -1,
});
const columns = (["int", "text", "int", "timestamptz", "decimal", "text"] as const).map(
  (kind, number) => ({ name: `c${number}`, number, type: type(kind), notNull: false }),
);
const schema = (id: number, key: number[] | null): TableSchema => ({
  id,
  schema: "public",
  name: `t${id}`,
  columns,
  key,
  uniqueKeys: [],
  generation: "1",
});
const row = (id: number): Row => [
  id,
  `name of ${id}`,
  id % 20_000,
  BigInt(id) * 1_000_000n,
  { unscaled: BigInt(id), scale: 2 },
  "some longer text that fills the row a little",
];

function measure(name: string, count: number, work: () => void): void {
  const start = performance.now();
  work();
  const elapsed = performance.now() - start;
  const rate = Math.round((count / elapsed) * 1000);
  console.log(
    `${name}: ${rate}/s, ${((elapsed / count) * 1000).toFixed(2)} us, ${elapsed.toFixed(0)} ms`,
  );
}

const directory = mkdtempSync(join(tmpdir(), "freshet-bench-"));
const store = await openStore({ directory, useWritemap: process.argv[2] === "writemap" });
store.createTable(schema(1, [0]));
store.createTable(schema(2, [0]));
store.createTable(schema(3, null));
store.ensureIndex({ table: 2, columns: [2] });
store.ensureIndex({ table: 2, columns: [3] });

const insertAll = (table: number, rows: number): void => {
  for (let id = 0; id < rows; id += 1000) {
    store.write((batch) => {
      for (let at = id; at < id + 1000; at++) batch.upsert(table, row(at));
      batch.setPosition(String(id));
    });
  }
};
measure("insert, batches of 1000, no index", ROWS, () => insertAll(1, ROWS));
measure("insert, batches of 1000, 2 indexes", ROWS, () => insertAll(2, ROWS));
measure("insert, batches of 1000, bag", ROWS, () => insertAll(3, ROWS));
const random = (): number => Math.floor(Math.random() * ROWS);
measure("random update, batches of 1000, 2 indexes unchanged", ROWS / 4, () => {
  for (let batch = 0; batch < ROWS / 4000; batch++) {
    store.write((writes) => {
      for (let at = 0; at < 1000; at++) writes.upsert(2, row(random()));
    });
  }
});
measure("single-row transactions, random update", 20_000, () => {
  for (let at = 0; at < 20_000; at++) {
    store.write((batch) => {
      batch.upsert(2, row(random()));
      batch.setPosition(String(at));
    });
  }
});
const checkpointStart = performance.now();
await store.checkpoint();
console.log(`checkpoint: ${(performance.now() - checkpointStart).toFixed(0)} ms`);
measure("ensureIndex on present rows", ROWS, () => store.ensureIndex({ table: 1, columns: [2] }));

for (let round = 0; round < 2; round++) {
  const snapshot = store.snapshot();
  measure("scan of 2 columns", ROWS, () => {
    let count = 0;
    for (const values of snapshot.scan(1, [0, 2])) if (values.length === 2) count++;
    if (count !== ROWS) throw new Error("rows missing");
  });
  measure("scan of all columns", ROWS, () => {
    for (const values of snapshot.scan(1, [0, 1, 2, 3, 4, 5]))
      if (values.length !== 6) throw new Error();
  });
  const primary = { table: 1, columns: [0] };
  measure("lookup by key, 2 columns", 100_000, () => {
    for (let at = 0; at < 100_000; at++)
      for (const _ of snapshot.lookup(primary, [random()], [0, 1]));
  });
  const secondary = { table: 1, columns: [2] };
  measure("lookup of 10 rows by index", 10_000, () => {
    for (let at = 0; at < 10_000; at++) {
      let count = 0;
      for (const _ of snapshot.lookup(secondary, [random() % 20_000], [0, 1])) count++;
      if (count !== 10) throw new Error(`rows missing: ${count}`);
    }
  });
  snapshot.close();
}
measure("snapshot open and close", 50_000, () => {
  for (let at = 0; at < 50_000; at++) store.snapshot().close();
});
console.log(store.statistics());
await store.close();
rmSync(directory, { recursive: true });
