import { parseArgs } from "node:util";

export interface BenchOptions {
  readonly upstream: "postgres" | "mysql" | "mariadb";
  /** Length of one measurement; every arm is measured once a round. */
  readonly seconds: number;
  readonly rounds: number;
  /** Scenario names; empty means all. */
  readonly only: readonly string[];
  readonly json: string;
  readonly clients: number;
  /** Size of the hot key set of the point look-ups. */
  readonly keys: number;
  readonly scale: number;
  readonly titles: number;
  readonly copyRows: number;
  readonly samples: number;
  readonly adapterThreads: number;
  /** Directory for Freshet's CPU profiles; null profiles nothing. */
  readonly profile: string | null;
}

export const USAGE = `node test/bench/main.ts [options]
  --upstream postgres  the database: postgres, mysql or mariadb
  --seconds 5          length of one measurement
  --rounds 3           measurements of every arm; medians are reported
  --only a,b           scenarios: point, miss, forward, proxied, film, visible, sustained, snapshot
                       (mysql and mariadb: point, forward, mixed, film, visible, snapshot)
  --json file          where the results go (bench-results.json)
  --clients 8          connections of the load generator
  --keys 10000         hot keys of the point look-ups
  --scale 10           pgbench scale factor
  --titles 200000      films
  --copy-rows 2000000  rows of the table that is copied
  --samples 300        samples of write-to-visible
  --adapter-threads 1  threads of Freshet's adapters and of the null server
  --profile directory  write CPU profiles of Freshet's threads and print where their time goes
`;

/** Throws a TypeError that names the option. */
export function readOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      upstream: { type: "string", default: "postgres" },
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
      only: { type: "string", multiple: true, default: [] },
      json: { type: "string", default: "bench-results.json" },
      clients: { type: "string", default: "8" },
      keys: { type: "string", default: "10000" },
      scale: { type: "string", default: "10" },
      titles: { type: "string", default: "200000" },
      "copy-rows": { type: "string", default: "2000000" },
      samples: { type: "string", default: "300" },
      "adapter-threads": { type: "string", default: "1" },
      profile: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  return {
    upstream: upstreamOf(values.upstream),
    seconds: positive("seconds", values.seconds),
    rounds: positive("rounds", values.rounds),
    only: values.only.flatMap((names) => names.split(",")).filter((name) => name !== ""),
    json: values.json,
    clients: positive("clients", values.clients),
    keys: positive("keys", values.keys),
    scale: positive("scale", values.scale),
    titles: positive("titles", values.titles),
    copyRows: positive("copy-rows", values["copy-rows"]),
    samples: positive("samples", values.samples),
    adapterThreads: positive("adapter-threads", values["adapter-threads"]),
    profile: values.profile ?? null,
  };
}

function upstreamOf(text: string): BenchOptions["upstream"] {
  if (text === "postgres" || text === "mysql" || text === "mariadb") return text;
  throw new TypeError("--upstream must be postgres, mysql or mariadb");
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new TypeError(`--${name} must be a number from 1`);
  return value;
}
