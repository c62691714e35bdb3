import { startFreshet } from "./support/freshet.ts";
const f = await startFreshet({ upstreamUrl: process.argv[2] as string, deployment: `d${process.pid}` });
process.stdout.write(`${f.port}\n`);
process.stdin.on("data", () => { const c = process.cpuUsage(); process.stdout.write(`${c.user} ${c.system}\n`); });
process.stdin.on("end", () => process.exit(0));
