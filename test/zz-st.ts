import { spawn, execFile } from "node:child_process";
import { promisify } from "node:util";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
const run = promisify(execFile);
const up = await EmbeddedPostgres.start({ major: 18 });
const url = new URL(up.url());
const env = { ...process.env, PGPASSWORD: url.password };
await run("pgbench", ["-i", "-s", "1", "-q", up.url()], { env });
const child = spawn(process.execPath, [process.argv[2]!, up.url()], { stdio: ["pipe", "pipe", "inherit"] });
const port = Number(await new Promise<string>((r) => child.stdout.once("data", (d) => r(String(d).trim()))));
const target = `postgres://${url.username}:${url.password}@127.0.0.1:${port}${url.pathname}`;
const p = run("pgbench", ["-n", "-S", "-M", process.argv[3] ?? "prepared", "-c", "8", "-T", "6", target], { env });
await new Promise((r) => setTimeout(r, 1500));
const tool = process.argv[4] ?? "strace";
const t = tool === "strace" ? run("strace", ["-f", "-c", "-p", String(child.pid)]).catch((e) => e) : run("perf", ["record", "-g", "-o", "/tmp/pb/perf.data", "-p", String(child.pid), "--", "sleep", "4"]).catch((e) => e);
if (tool === "strace") { const s = spawn("sleep", ["3"]); await new Promise((r) => s.once("exit", r)); const { stdout } = await run("pgrep", ["-f", `strace -f -c -p ${child.pid}`]); for (const x of stdout.trim().split("\n")) try { process.kill(Number(x), "SIGINT"); } catch {} }
const out = await t; console.log(String(out.stderr ?? out).slice(0, 2500));
console.log((await p).stdout);
child.stdin.end(); await up.stop(); process.exit(0);
