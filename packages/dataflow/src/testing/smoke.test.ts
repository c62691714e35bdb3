import { loadPostgresParser } from "@freshet/sql";
import { beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../../types/src/value-corpus.testing.ts";
import { MemorySnapshot } from "./memory-snapshot.ts";
import { compileText, decodeRows, keyOf, ownParams, randomRows } from "./query-harness.ts";
import { TABLES } from "./sample-tables.ts";

beforeAll(() => loadPostgresParser());

test.each([
  "select * from title where id = 3",
  "select t.name, count(*), avg(r.stars) from title t join rating r on r.title_id = t.id where t.id = 1 group by t.id order by 2 desc limit 3",
  "select t.id, r.stars from title t left join rating r on r.title_id = t.id and r.stars > 2 where t.year in (1999, 2000) order by t.id, r.stars limit 5 offset 1",
])("%s", (sql) => {
  const random = seededRandom(1);
  const snapshot = MemorySnapshot.of(TABLES.map((schema) => ({ schema, rows: randomRows(schema, 30, random) })));
  const compiled = compileText(sql);
  const set = compiled.query.open({ rowsPerEntry: 1000, bytesPerEntry: 1e6, entries: 10 });
  const params = ownParams(compiled);
  const rows = set.fill(keyOf(params), params, snapshot);
  expect(decodeRows(rows, compiled.query.columns.length)).toMatchSnapshot;
  console.log(sql, params, compiled.query.indexes, decodeRows(rows, compiled.query.columns.length));
});
