import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { POSTGRES } from "./postgres/dialect.ts";
import { MYSQL, MARIADB } from "./mysql/dialect.ts";
import { runHistory } from "./history.ts";
import { plantUnawaitedWrites } from "./planted.ts";
import { Stats } from "./stats.ts";
const which = process.argv[2];
const dialect = which === "pg" ? POSTGRES : which === "mysql" ? MYSQL : MARIADB;
const server = which === "pg" ? await EmbeddedPostgres.start({ major: 18 }) : await EmbeddedMysql.start({ flavour: which as "mysql" });
const restore = plantUnawaitedWrites();
for (let seed = 1; seed < 4; seed++) {
  const stats = new Stats();
  console.log(which, (await runHistory({ dialect, server, seed, limitMs: 3000, stats }))?.slice(0, 150), stats.historyReads, stats.historyHits, stats.historyCommits);
}
restore();
await server.stop();
