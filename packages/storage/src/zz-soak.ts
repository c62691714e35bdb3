import { mkdtempSync, rmSync } from "node:fs";
import { openStore } from "./index.ts";
const dir = mkdtempSync("/tmp/freshet-soak-");
const store = await openStore({ directory: dir });
const t = (kind: "int" | "text") => ({ kind, upstreamId: 0, name: kind, modifier: -1 });
const models: Map<number, string>[] = [];
for (let id = 0; id < 4; id++) {
  store.createTable({ id, schema: "p", name: "t" + id, key: [0], uniqueKeys: [], generation: "", columns: (["int", "int", "text"] as const).map((k, n) => ({ name: "c" + n, number: n, type: t(k), notNull: false })) });
  store.ensureIndex({ table: id, columns: [1] });
  models.push(new Map());
}
const r = (n: number) => Math.floor(Math.random() * n);
const held: { s: ReturnType<typeof store.snapshot>; n: number[] }[] = [];
const until = performance.now() + Number(process.argv[2] ?? 20) * 1000;
let n = 0;
while (performance.now() < until) {
  n++;
  const big = r(10) === 0;
  const ops = r(20) === 0 ? 2000 : r(30);
  try {
    store.write((b) => {
      for (let i = 0; i < ops; i++) {
        const id = r(4), k = r(3000);
        const m = models[id]!;
        if (r(4) === 0) { if ((b.delete(id, [k]) !== null) !== m.delete(k)) throw new Error("model"); }
        else { const text = String(n) + "y".repeat(r(8) === 0 ? r(big ? 50000 : 6000) : r(300)); b.upsert(id, [k, k % 50, text]); m.set(k, text); }
      }
      if (r(400) === 0) { const id = r(4); b.truncate(id); models[id]!.clear(); }
      b.setPosition(String(n));
    });
  } catch (e) { console.log("FAILED", n, e); process.exit(1); }
  if (r(10) === 0) held.push({ s: store.snapshot(), n: models.map((m) => m.size) });
  if (held.length > 4 || (held.length && r(15) === 0)) { const h = held.splice(r(held.length), 1)[0]!; for (let id = 0; id < 4; id++) { let c = 0; for (const _ of h.s.scan(id, [0, 2])) c++; if (c !== h.n[id] || h.s.count(id) !== c) throw new Error("snapshot count"); } h.s.close(); }
  if (r(50) === 0) await store.checkpoint();
}
for (const h of held) h.s.close();
const s = store.snapshot();
for (let id = 0; id < 4; id++) { const m = models[id]!; for (const [k, , text] of s.scan(id, [0, 1, 2])) if (m.get(k as number) !== text) throw new Error("row"); let c = 0; for (const _ of s.lookup({ table: id, columns: [1] }, [], [0])) c++; if (c !== m.size) throw new Error("index"); }
console.log(n, "transactions", store.statistics());
await store.close(); rmSync(dir, { recursive: true });
