import { readFile } from "node:fs/promises";
import { EmbeddedPostgres } from "@freshet/cli";
import { Freshet } from "./arms/freshet.ts";
import { withCleanup } from "./tools/cleanup.ts";
import { initialise, pgbench, writeScript } from "./tools/pgbench.ts";
import { startPgBouncer } from "./arms/pgbouncer.ts";
import { startNullServer } from "./arms/null-server.ts";
import { cpuMicrosOf } from "./tools/cpu-time.ts";
const io = async (pid: number) => { const t = await readFile(`/proc/${pid}/io`, "utf8"); const g = (n: string) => Number(new RegExp(n + ": (\\d+)").exec(t)?.[1]); 
 let vol=0, inv=0; const { readdir } = await import("node:fs/promises"); for (const tid of await readdir(`/proc/${pid}/task`)) { const s = await readFile(`/proc/${pid}/task/${tid}/status`,"utf8").catch(()=>""); vol += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(s)?.[1]??0); inv += Number(/nonvoluntary_ctxt_switches:\s+(\d+)/m.exec(s)?.[1]??0);} 
 const st = (await readFile(`/proc/${pid}/stat`,"utf8")); const f = st.slice(st.lastIndexOf(")")+2).split(" "); return { r: g("syscr"), w: g("syscw"), vol, inv, ut: Number(f[11])*1e4, st: Number(f[12])*1e4 }; };
await withCleanup(async (c) => {
  const pg = await EmbeddedPostgres.start({ settings: { shared_buffers: "256MB" } }); c.add(() => pg.stop());
  await initialise({ port: pg.port, database: "postgres" }, 1);
  const up = { port: pg.port, database: "postgres" };
  const b = (await startPgBouncer(c, up))!;
  const n = await startNullServer(c, 1, { column: "abalance", typeId: 23, typeSize: 4, value: "0" });
  const f = await Freshet.start(c, { upstreamUrl: pg.url(), adapterThreads: 1, deployment: "probe", profileDirectory: null, say: () => undefined });
  const dir = "/tmp"; const script = await writeScript(dir, "zz", "\\set aid random(1, 100000)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n");
  if (process.env["HIT"]) { await f.createCache("a", "SELECT abalance FROM pgbench_accounts WHERE aid = $1"); }
  for (let round = 0; round < Number(process.env["R"] ?? 2); round++)
  for (const mode of (process.env["MODES"] ?? "prepared,extended,simple").split(",") as ("prepared")[])
  for (const [name, pid, port, database] of [["bouncer", b.pid, b.port, b.session], ["null", n.pid!, n.port, "postgres"], ["freshet", f.pid!, f.port, "postgres"]] as const) {
    if (process.env["ONLY"] && process.env["ONLY"] !== name) continue;
    const x = await io(pid); const r = await pgbench({ endpoint: { port, database }, script, mode, clients: 8, seconds: 3 }); const y = await io(pid); const t = r.transactions;
    console.log(round, mode, name, Math.round(r.transactionsPerSecond), "reads", ((y.r-x.r)/t).toFixed(2), "writes", ((y.w-x.w)/t).toFixed(2), "vol", ((y.vol-x.vol)/t).toFixed(2), "inv", ((y.inv-x.inv)/t).toFixed(2), "user", ((y.ut-x.ut)/t).toFixed(1), "sys", ((y.st-x.st)/t).toFixed(1));
  }
});
process.exit(0);
