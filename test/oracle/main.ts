import { parseArgs } from "node:util";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { runOracle } from "./oracle.ts";

/** `npm run oracle -- --seed 1 --minutes 5 [--planted]` */
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "1" },
    planted: { type: "boolean", default: false },
    postgres: { type: "string", default: "18" },
    "keep-going": { type: "boolean", default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
const major = Number(values.postgres) as 13 | 14 | 15 | 16 | 17 | 18;
const server = await EmbeddedPostgres.start({ major });
try {
  const found = await runOracle({
    server,
    seed,
    limitMs: Number(values.minutes) * 60_000,
    planted: values.planted,
    keepGoing: values["keep-going"],
    say: (line) => process.stdout.write(`${line}\n`),
  });
  // A planted fault must be found; any other run must find nothing.
  process.exitCode = found.length > 0 === values.planted ? 0 : 1;
} finally {
  await server.stop();
}
