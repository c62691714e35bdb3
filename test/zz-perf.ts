import { spawn, execFile } from "node:child_process";
import { promisify } from "node:util";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import pg from "pg";
const run = promisify(execFile);
const modes = (process.argv[2] ?? "hp,hs,fp,fs").split(",");
const rounds = Number(process.argv[3] ?? 2), secs = process.argv[4] ?? "3";
const variants: [string, string][] = (process.argv[5] ?? "base,new").split(",").map((v) => [v, v === "base" ? "/tmp/pb/base/test/perf-child.ts" : "/work/main/test/zz-perf-child.ts"]);
const up = await EmbeddedPostgres.start({ major: 18 });
const env = { ...process.env, PGPASSWORD: new URL(up.url()).password };
await run("pgbench", ["-i", "-s", "1", "-q", up.url()], { env });
for (const [name, file] of variants) {
  const c = new pg.Client(up.url()); await c.connect();
  const child = spawn(process.execPath, [...(process.env.PROF ? ["--cpu-prof", "--cpu-prof-dir=/tmp/pb/prof-" + name] : []), file, up.url()], { stdio: ["pipe", "pipe", "inherit"] });
  const next = () => new Promise<string>((r) => child.stdout.once("data", (d) => r(String(d).trim())));
  const port = Number(await next());
  const usage = async () => { child.stdin.write("x\n"); const [u, s] = (await next()).split(" "); return [Number(u), Number(s)] as [number, number]; };
  (globalThis as any)[name] = { port, usage, child };
  await c.end();
}
const url = new URL(up.url());
const u = (port: number, db = url.pathname.slice(1)) => `postgres://${url.username}:${url.password}@127.0.0.1:${port}/${db}`;
import { writeFileSync } from "node:fs";
writeFileSync("/tmp/pb/hit.sql", "\\set aid random(1, 1000)\nselect abalance from pgbench_accounts where aid = :aid;\n");
writeFileSync("/tmp/pb/fwd.sql", "\\set aid random(1, 100000)\nselect bbalance, :aid from pgbench_branches;\n");
writeFileSync("/tmp/pb/fwdp.sql", "\\set aid random(1, 100000)\nselect abalance, aid from pgbench_accounts where aid = :aid;\n");
for (const [name] of variants) {
  const v = (globalThis as any)[name];
  const c = new pg.Client(u(v.port)); await c.connect();
  await c.query(`create cache c_${name} from select abalance from pgbench_accounts where aid = $1`);
  await c.end();
}
const acc = new Map<string, number[][]>();
for (let r = 0; r <= rounds; r++) for (const m of modes) for (const [name] of variants) {
  const v = (globalThis as any)[name];
  const file = m[0] === "h" ? "/tmp/pb/hit.sql" : "/tmp/pb/fwdp.sql";
  const before = await v.usage();
  const { stdout } = await run("pgbench", ["-n", "-f", file, "-M", m[1] === "p" ? "prepared" : m[1] === "e" ? "extended" : "simple", "-c", process.env.C ?? "8", "-T", r === 0 ? "2" : secs, u(v.port)], { env });
  const after = await v.usage();
  const n = Number(/actually processed: (\d+)/.exec(stdout)![1]);
  const tps = Number(/tps = ([\d.]+)/.exec(stdout)![1]);
  if (r === 0) continue; console.error(m, name, ((after[0] - before[0]) / n).toFixed(2), ((after[1] - before[1]) / n).toFixed(2), tps.toFixed(0));
  const k = `${m} ${name}`; if (!acc.has(k)) acc.set(k, []);
  acc.get(k)!.push([(after[0] - before[0]) / n, (after[1] - before[1]) / n, tps]);
}
for (const [k, rows] of acc) { const med = (i: number) => rows.map((x) => x[i]!).sort((a, b) => a - b)[rows.length >> 1]!; console.log(k, "user", med(0).toFixed(2), "sys", med(1).toFixed(2), "total", rows.map((x) => (x[0]! + x[1]!).toFixed(1)).join(" "), "tps", med(2).toFixed(0)); }
for (const [name] of variants) { const ch = (globalThis as any)[name].child; ch.stdin.end(); await new Promise((r) => ch.once("exit", r)); }
await up.stop(); process.exit(0);
