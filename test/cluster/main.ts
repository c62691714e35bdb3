import { parseArgs } from "node:util";
import { runFaults } from "./faults/run-faults.ts";
import { runRolling } from "./rolling/run-rolling.ts";
import { runScale } from "./scale/run-scale.ts";
import { Site } from "./site.ts";
import { runUp } from "./up.ts";

/**
 * A deployment of separate adapters and servers on one machine, with Consul, Postgres, MySQL and
 * HAProxy, all of them real and started here.
 *
 *     node test/cluster/main.ts up [--adapters 3] [--servers 2] [--namespaces]
 *         starts everything, says where it is, and ends with Ctrl-C
 *     node test/cluster/main.ts faults --minutes 30 [--seed n] [--only "SIGKILL"]
 *         faults in a random order under load; a Markdown table; fails on any violation.
 *         Needs root for network namespaces
 *     node test/cluster/main.ts rolling --minutes 5
 *         rolls every process under pgbench, sysbench and clients of our own
 *     node test/cluster/main.ts scale [--seconds 10]
 *         hits/s with 1, 2 and 4 adapters, the server's cost per publication with 1, 10 and 100
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    adapters: { type: "string", default: "3" },
    servers: { type: "string", default: "2" },
    namespaces: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
const limitMs = Number(values.minutes) * 60_000;

async function run(): Promise<readonly string[]> {
  switch (positionals[0]) {
    case "up":
      return runUp({
        adapters: Number(values.adapters),
        servers: Number(values.servers),
        namespaces: values.namespaces,
        say,
      });
    case "faults": {
      const { only } = values;
      return runFaults({ seed, limitMs, say, ...(only === undefined ? {} : { only }) });
    }
    case "rolling":
      return runRolling({ seed, limitMs, say });
    case "scale":
      return runScale({ seconds: Number(values.seconds), say });
    default:
      return ["Say what to do: up, faults, rolling or scale."];
  }
}

if (positionals[0] !== "up") {
  // Nothing is left behind: no process, no namespace.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      void Site.stopAll().finally(() => process.exit(130));
    });
  }
}
const violations = await run();
for (const violation of violations) process.stderr.write(`${violation}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
