import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { MYSQL } from "./mysql/dialect.ts";
import { generateScript } from "./script-generator.ts";
const server = await EmbeddedMysql.start({ flavour: "mysql" });
const dialect = MYSQL;
try {
  for (const seed of [39595, 7919, 15838]) {
    const script = generateScript(dialect, seed, {
      queries: 10,
      rounds: 5,
      transactions: 8,
      checks: 3,
    });
    await dialect.createDatabase(server, "o1");
    const w = [];
    for (let i = 0; i < 3; i++)
      w.push(await dialect.connect(server.url("o1"), dialect.writerSettings));
    for (const t of script.schema) await w[0]!.run(t);
    for (const t of script.rows) await w[0]!.simple(t);
    for (const [i, step] of script.steps.entries()) {
      if (step.do === "sql") {
        const t0 = performance.now();
        const x = await w[step.on]!.simple(step.text, step.copy ?? null);
        const d = performance.now() - t0;
        if (d > 200)
          console.log(i, step.on, Math.round(d), step.text.slice(0, 150), x[0]!.error?.message);
      }
    }
    if (seed === 39595) {
      console.log(script.schema);
      for (const q of [
        "SELECT a.c1, a.c0, hex(a.c0), hex(weight_string(a.c0)), dense_rank() OVER (ORDER BY a.c0, a.c0) r FROM t2 a WHERE 'a' = a.c0 ORDER BY r",
        "SELECT a.c1, a.c0, hex(a.c0), dense_rank() OVER (ORDER BY a.c0) r FROM t2 a WHERE 'a' = a.c0 ORDER BY r",
        "show create table t2",
      ]) {
        const r = await w[0]!.run(q);
        for (const row of r.rows) console.log(JSON.stringify(row));
        console.log();
      }
    }
    for (const c of w) await c.close();
    await dialect.dropDatabase(server, "o1");
  }
} finally {
  await server.stop();
}
