import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Arm, type Scenario, compare, startFreshet } from "../bench.ts";
import { FIRST_YEAR, LAST_YEAR, bestOfYear } from "../scenarios/film.ts";
import { range } from "../tools/fill.ts";
import { fill } from "./fill.ts";
import { sysbenchLoad } from "./sysbench.ts";

/** In sysbench's own language; the statement is sent as text. */
const SCRIPT = `
function thread_init()
  drv = sysbench.sql.driver()
  con = drv:connect()
end
function event()
  local year = sysbench.rand.uniform(${FIRST_YEAR}, ${LAST_YEAR})
  con:query(string.format([[${bestOfYear("%d")}]], year))
end
`;

/** Hits on answers that are dear for the database. */
export const film: Scenario = {
  name: "film",
  needs: ["films"],
  async run(bench, cleanup) {
    const { direct } = bench;
    const freshet = await startFreshet(bench, cleanup, "film");
    await freshet.createCache("best_of_year", bestOfYear("?"));
    await fill(freshet.url, bestOfYear("?"), range(FIRST_YEAR, LAST_YEAR));
    const script = join(bench.directory, "film.lua");
    await writeFile(script, SCRIPT);
    const arms: Arm[] = [
      { name: "direct", endpoint: direct },
      { name: "freshet hit", endpoint: { port: freshet.port, database: direct.database }, freshet },
    ];
    await compare(bench, "film", "text", arms, sysbenchLoad({ script, prepared: false }));
  },
};
