import type { Row, TableSchema } from "@freshet/types";
import { openStore } from "../src/index.ts";

/** Writes to the store in the directory given until it is killed; says which positions are durable. */

export const KEYED = 1;
export const BAG = 2;
const SLOTS = 50;

const column = (name: string, number: number, kind: "int" | "text") => ({
  name,
  number,
  type: { kind, upstreamId: 0, name: kind, modifier: -1 },
  notNull: true,
});
const columns = [column("id", 1, "int"), column("step", 2, "int"), column("body", 3, "text")];
const schemaOf = (id: number, key: readonly number[] | null): TableSchema => ({
  id,
  schema: "public",
  name: `t${id}`,
  columns,
  key,
  uniqueKeys: [],
  generation: "1",
});

export const INDEX = { table: KEYED, columns: [1] };

/** What the keyed table holds after this many steps: each step overwrites one slot. */
export function keyedRows(steps: number): Row[] {
  const rows: Row[] = [];
  for (let step = Math.max(1, steps - SLOTS + 1); step <= steps; step++) {
    rows.push(rowOf(step));
  }
  return rows.sort((a, b) => Number(a[0]) - Number(b[0]));
}

/** And the bag: the last ten steps. */
export function bagRows(steps: number): Row[] {
  return Array.from({ length: Math.min(10, steps) }, (_, index) => rowOf(steps - index));
}

function rowOf(step: number): Row {
  return [step % SLOTS, step, `body of ${step} `.repeat(step % 200)];
}

async function main(directory: string): Promise<void> {
  const store = await openStore({ directory });
  if (store.tables().length === 0) {
    store.createTable(schemaOf(KEYED, [0]));
    store.createTable(schemaOf(BAG, null));
    store.ensureIndex(INDEX);
  }
  const say = (line: string): Promise<void> =>
    new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
  for (let step = Number(store.position() ?? 0) + 1; ; step++) {
    store.write((batch) => {
      batch.upsert(KEYED, rowOf(step));
      batch.upsert(BAG, rowOf(step));
      if (step > 10 && batch.delete(BAG, rowOf(step - 10)) === null) throw new Error("not there");
      batch.setPosition(String(step));
    });
    if (step % 100 === 0) await say(`durable ${await store.checkpoint()}`);
  }
}

const directory = process.argv[2];
if (import.meta.main && directory !== undefined) await main(directory);
