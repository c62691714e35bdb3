import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { MARIADB, MYSQL } from "./mysql/dialect.ts";
import { generateScript } from "./script-generator.ts";
import { rankedQuery, withLiterals, withPlaceholders } from "./query.ts";
import { difference } from "./compare.ts";
const flavour = process.argv[2] as "mysql" | "mariadb";
const dialect = flavour === "mysql" ? MYSQL : MARIADB;
const server = await EmbeddedMysql.start({ flavour });
const bad = new Map<string, [number, string]>();
const note = (k: string, t: string) => {
  const o = bad.get(k);
  if (o) o[0]++;
  else bad.set(k, [1, t]);
};
let queries = 0,
  rows = 0,
  stmts = 0;
try {
  for (
    let seed = Number(process.argv[4] ?? 1);
    seed < Number(process.argv[4] ?? 1) + Number(process.argv[3] ?? 10);
    seed++
  ) {
    const script = generateScript(dialect, seed * 7919, {
      queries: 10,
      rounds: 5,
      transactions: 8,
      checks: 3,
    });
    await dialect.createDatabase(server, "o1");
    const w = [];
    for (let i = 0; i < 3; i++)
      w.push(await dialect.connect(server.url("o1"), dialect.writerSettings));
    const r = [];
    for (const s of dialect.readersSettings) r.push(await dialect.connect(server.url("o1"), s));
    for (const t of script.schema) await w[0]!.run(t);
    for (const t of script.rows) {
      const x = await w[0]!.simple(t);
      if (x[0]!.error) note("row " + x[0]!.error.code + x[0]!.error.message.slice(0, 60), t);
    }
    for (const step of script.steps) {
      if (step.do === "sql") {
        stmts++;
        const t0 = performance.now();
        const x = await w[step.on]!.simple(step.text, step.copy ?? null);
        if (x[0]!.error)
          note(
            "sql " + x[0]!.error.code + " " + x[0]!.error.message.slice(0, 60),
            step.text.slice(0, 300),
          );
        const d = performance.now() - t0;
        if (d > 300) note("slow", d + step.text.slice(0, 100));
      }
      if (step.do === "check") {
        queries++;
        const q = script.queries[step.query]!;
        const c = r[step.session]!;
        const ask = async (qq: typeof q) => {
          if (step.way === "literal" || step.way === "respelled") {
            const t = withLiterals(dialect, qq, step.args);
            return (await c.simple(step.way === "literal" ? t : dialect.respelled(t)))[0]!;
          }
          const { text, params, types } = withPlaceholders(dialect, qq, step.args);
          return c.execute({
            text,
            params,
            ...(step.way === "strings" ? {} : { types }),
            ...(step.way === "prepared" ? { name: text } : {}),
          });
        };
        const direct = await ask(q);
        const ranked = await ask(rankedQuery(dialect, q));
        const again = await ask(q);
        rows += direct.rows.length;
        const text = withLiterals(dialect, q, step.args);
        if (direct.error)
          note("query " + direct.error.code + " " + direct.error.message.slice(0, 60), text);
        else if (ranked.error)
          note(
            "ranked " + ranked.error.code + " " + ranked.error.message.slice(0, 60),
            withLiterals(dialect, rankedQuery(dialect, q), step.args),
          );
        const count = (t: string | null) =>
          t === null ? null : Number(t.replace(/\{(\d+)\}/, (_, n) => step.args[Number(n)] ?? ""));
        const wrong = difference(again, {
          direct,
          ranked,
          limit: count(q.limit),
          offset: count(q.offset) ?? 0,
          loosened: q.loose ? dialect.loosened : null,
        });
        if (wrong && /positions/.test(wrong)) for (const t of [text, withLiterals(dialect, rankedQuery(dialect, q), step.args), text.replace(/ ORDER BY.*/, "")]) { const f = await c.simple("EXPLAIN FORMAT=TREE " + t); const n = await c.simple(t); console.log("EXPLAIN", t, n[0]!.rows.length, f[0]!.rows[0]?.[0], JSON.stringify(f[0]!.error)); } if (wrong && /positions/.test(wrong)) console.log(wrong, text, JSON.stringify(ranked.rows));
        if (wrong)
          note(
            "DIFF " + wrong.slice(0, 300),
            `${step.way} s${step.session} seed ${seed * 7919}: ` + text,
          );
      }
    }
    for (const c of [...w, ...r]) await c.close();
    await dialect.dropDatabase(server, "o1");
  }
} finally {
  await server.stop();
}
console.log(flavour, { queries, rows, stmts });
for (const [k, [n, t]] of [...bad].sort((a, b) => b[1][0] - a[1][0]))
  console.log(n, k, "\n      ", t.slice(0, 700));
