import { loadPostgresParser } from "@freshet/sql";
import type { Row } from "@freshet/types";
import { MemorySnapshot } from "./testing/memory-snapshot.ts";
import { compileText, decodeRows, keyOf, ownParams } from "./testing/query-harness.ts";
import { sqlType } from "./testing/sample-tables.ts";
await loadPostgresParser();
const N = 200_000;
const col = (name: string, type: string, n: number) => ({ name, number: n, type: sqlType(type, true), notNull: true });
const title = { id: 1, schema: "public", name: "title", columns: [col("id", "int4", 1), col("name", "text", 2), col("year", "int4", 3)], key: [0], uniqueKeys: [[0]], generation: "1" };
const rating = { id: 2, schema: "public", name: "rating", columns: [col("id", "int4", 1), col("title_id", "int4", 2), col("stars", "int4", 3), col("w", "numeric", 4)], key: [0], uniqueKeys: [[0]], generation: "1" };
const catalog = { table: (_: string | null, n: string) => (n === "title" ? title : rating), type: () => null };
const titles: Row[] = []; const ratings: Row[] = [];
for (let i = 0; i < N; i++) { titles.push([i, "title " + i, 1950 + (i % 70)]); ratings.push([i, Math.floor(Math.random() * N), i % 10, { unscaled: BigInt(i % 100), scale: 2 }]); }
let snap = MemorySnapshot.of([{ schema: title, rows: titles }, { schema: rating, rows: ratings }]);
const L = { rowsPerEntry: 1e6, bytesPerEntry: 1e9, entries: 1e6 };
for (const sql of [
  "select t.id, t.name, count(*), avg(r.stars) from title t join rating r on r.title_id = t.id group by t.id having count(*) > 2 order by 3 desc, t.id limit 10",
  "select t.year, count(*), sum(r.w) from title t join rating r on r.title_id = t.id where t.year > 1990 group by t.year order by 2 desc",
  "select t.id, t.name, r.stars from title t join rating r on r.title_id = t.id order by r.stars desc, t.name limit 10",
]) {
  const q = compileText(sql, catalog);
  for (const strategy of ["recompute", "auto"] as const) {
    const set = q.query.open({ ...L, strategy });
    const p = ownParams(q);
    let t0 = performance.now();
    const rows = set.fill(keyOf(p), p, snap);
    const fill = performance.now() - t0;
    let s = snap; let pushMs = 0; let changes = 0; const M = strategy === "auto" ? 500 : 1;
    for (let i = 0; i < M; i++) {
      const old = s === snap || true ? ratings[i]! : ratings[i]!;
      const batch = new Map([[2, [{ old, new: [old[0]!, (old[1] as number) + 1, 9, old[3]!] }]]]);
      const after = s.apply(batch);
      t0 = performance.now();
      changes += set.push(batch, s, after).length;
      pushMs += performance.now() - t0;
      s = after;
    }
    console.log(strategy, "fill ms", fill.toFixed(0), "push us", (pushMs / M * 1000).toFixed(0), "changes", changes, "MB", (set.bytes / 1e6).toFixed(0), decodeRows(rows, q.query.columns.length).length, q.query.maintenance);
  }
}
// point queries
{
  const q = compileText("select t.id, t.name, count(*), avg(r.stars) from title t join rating r on r.title_id = t.id where t.id = 5 group by t.id", catalog);
  const set = q.query.open(L);
  let t0 = performance.now();
  for (let i = 0; i < 20000; i++) set.fill(String(i), [String(i)], snap);
  console.log("point fill us", ((performance.now() - t0) / 20000 * 1000).toFixed(1));
  let pushMs = 0; let s = snap; let n = 0;
  for (let i = 0; i < 300; i++) {
    const old = ratings[i]!;
    const batch = new Map([[2, [{ old, new: [old[0]!, i, 9, old[3]!] }]]]);
    const after = s.apply(batch);
    t0 = performance.now(); n += set.push(batch, s, after).length; pushMs += performance.now() - t0; s = after;
  }
  console.log("point push us", (pushMs / 300 * 1000).toFixed(1), n);
}
