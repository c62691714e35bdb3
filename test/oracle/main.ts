import { parseArgs } from "node:util";
import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { ClusterProducts } from "../cluster/oracle/cluster-products.ts";
import type { OracleDialect, OracleServer } from "./dialect.ts";
import { MARIADB, MYSQL } from "./mysql/dialect.ts";
import { runOracle } from "./oracle.ts";
import { POSTGRES } from "./postgres/dialect.ts";

/**
 * `npm run oracle -- --seed 1 --minutes 5 [--postgres 13 | --mysql | --mariadb] [--planted]`; `--cluster`
 * reads through the adapters of a cluster in turn, each a process by itself.
 */
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "1" },
    planted: { type: "boolean", default: false },
    postgres: { type: "string", default: "18" },
    mysql: { type: "boolean", default: false },
    mariadb: { type: "boolean", default: false },
    cluster: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
const { dialect, server } = await start();
const cluster = values.cluster ? await ClusterProducts.start() : null;
try {
  const found = await runOracle({
    dialect,
    server,
    seed,
    limitMs: Number(values.minutes) * 60_000,
    planted: values.planted,
    keepGoing: values["keep-going"],
    ...(cluster === null ? {} : { product: cluster.product }),
    say: (line) => process.stdout.write(`${line}\n`),
  });
  // A planted fault must be found; any other run must find nothing.
  process.exitCode = found.length > 0 === values.planted ? 0 : 1;
} finally {
  await cluster?.stop();
  await server.stop();
}

async function start(): Promise<{ dialect: OracleDialect; server: OracleServer }> {
  if (values.mysql)
    return { dialect: MYSQL, server: await EmbeddedMysql.start({ flavour: "mysql" }) };
  if (values.mariadb)
    return { dialect: MARIADB, server: await EmbeddedMysql.start({ flavour: "mariadb" }) };
  const major = Number(values.postgres) as 13 | 14 | 15 | 16 | 17 | 18;
  return { dialect: POSTGRES, server: await EmbeddedPostgres.start({ major }) };
}
