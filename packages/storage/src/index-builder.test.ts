import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row, SqlType, TableId, TableSchema } from "@freshet/types";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore, type OpenedStore } from "./open-store.ts";

const INT: SqlType = { kind: "int", upstreamId: 23, name: "int4", modifier: -1 };
const TABLE = 1 as TableId;
const ROWS = 7_000;

function schema(key: readonly number[] | null): TableSchema {
  const column = (name: string, number: number) => ({ name, number, type: INT, notNull: true });
  return {
    id: TABLE,
    schema: "public",
    name: "t",
    columns: [column("id", 1), column("v", 2)],
    key,
    uniqueKeys: key === null ? [] : [key],
    generation: "1",
  };
}

const INDEX = { table: TABLE, columns: [1] };
let directory = "";
let store: OpenedStore;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "freshet-index-"));
  store = await openStore({ directory });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

function fill(from: number, to: number): void {
  store.write((batch) => {
    for (let id = from; id < to; id += 1) batch.upsert(TABLE, [id, id % 50]);
  });
}

/** Every row found through the index, by value, against a scan of the table. */
function expectComplete(): void {
  const snapshot = store.snapshot();
  const scanned = [...snapshot.scan(TABLE, [1, 0])];
  const order = (a: Row, b: Row) => Number(a[0]) - Number(b[0]) || Number(a[1]) - Number(b[1]);
  const found = [...snapshot.lookup(INDEX, [], [1, 0])];
  expect(found.sort(order)).toEqual(scanned.sort(order));
  snapshot.close();
}

describe.each([[[0]], [null]])("an index built in parts of a table with key %j", (key) => {
  test("takes in what is written meanwhile", async () => {
    store.createTable(schema(key));
    fill(0, ROWS);
    const building = store.buildIndex(INDEX);
    let done = false;
    void building.then(() => (done = true));
    let turns = 0;
    for (let id = 0; !done; id += 97, turns += 1) {
      store.write((batch) => {
        const low = id % ROWS;
        const high = ROWS - 1 - low;
        for (const [at, value] of [
          [low, 60],
          [high, 61],
        ] as const) {
          if (batch.delete(TABLE, key === null ? [at, at % 50] : [at]) !== null && value === 60) {
            batch.upsert(TABLE, [at, 60]);
          }
        }
        batch.upsert(TABLE, [ROWS + id, 70]);
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await building;
    expect(turns).toBeGreaterThan(2);
    expectComplete();
    fill(20_000, 20_100);
    expectComplete();
  });

  test("begins anew when the table is emptied", async () => {
    store.createTable(schema(key));
    fill(0, ROWS);
    const building = store.buildIndex(INDEX);
    await new Promise((resolve) => setImmediate(resolve));
    store.write((batch) => batch.truncate(TABLE));
    fill(100, 5_000);
    await building;
    expectComplete();
  });

  test("is given up when the table goes or nobody wants it", async () => {
    store.createTable(schema(key));
    fill(0, ROWS);
    const stop = new AbortController();
    const unwanted = store.buildIndex(INDEX, stop.signal);
    stop.abort();
    await expect(unwanted).rejects.toThrow();
    const building = store.buildIndex(INDEX);
    store.createTable(schema(key));
    await expect(building).rejects.toThrow(/is gone/);
    fill(0, 10);
    store.ensureIndex(INDEX);
    expectComplete();
  });

  test("asked for twice is one index", async () => {
    store.createTable(schema(key));
    fill(0, ROWS);
    await Promise.all([store.buildIndex(INDEX), store.buildIndex(INDEX)]);
    store.ensureIndex(INDEX);
    expectComplete();
    store.write((batch) => batch.delete(TABLE, key === null ? [3, 3] : [3]));
    expectComplete();
  });
});
