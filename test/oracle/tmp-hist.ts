import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { runHistory } from "./history.ts";
import { Stats } from "./stats.ts";
const server = await EmbeddedPostgres.start({ major: 18 });
try {
  for (let seed = 1; seed <= Number(process.argv[2]); seed += 1) {
    const stats = new Stats();
    const problem = await runHistory({ server, seed, limitMs: 3000, stats });
    console.log(seed, stats.historyCommits, stats.historyReads, stats.historyHits, problem);
  }
} finally { await server.stop(); }
