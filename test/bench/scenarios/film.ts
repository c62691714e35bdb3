import { type Arm, type Scenario, compare, pgbenchLoad, startFreshet } from "../bench.ts";
import { fill, range } from "../tools/fill.ts";
import { writeScript } from "../tools/pgbench.ts";

/** A join, an aggregate and a top ten. */
export function bestOfYear(year: string): string {
  return [
    "SELECT t.id, t.name, r.score, r.votes, count(*) AS credits",
    "FROM title t JOIN rating r ON r.title_id = t.id JOIN role o ON o.title_id = t.id",
    `WHERE t.year = ${year} AND r.votes >= 1000`,
    "GROUP BY t.id, t.name, r.score, r.votes",
    "ORDER BY r.score DESC, t.id LIMIT 10",
  ].join("\n");
}

export const FIRST_YEAR = 1970;
export const LAST_YEAR = 2020;

/** Hits on answers that are dear for the database. */
export const film: Scenario = {
  name: "film",
  needs: ["films"],
  async run(bench, cleanup) {
    const freshet = await startFreshet(bench, cleanup, "film");
    await freshet.createCache("best_of_year", bestOfYear("$1"));
    await fill(freshet.url, bestOfYear("$1"), range(FIRST_YEAR, LAST_YEAR));
    const script = await writeScript(
      bench.directory,
      "film",
      `\\set year random(${FIRST_YEAR}, ${LAST_YEAR})\n${bestOfYear(":year")};\n`,
    );
    const endpoint = { port: freshet.port, database: bench.direct.database };
    const arms: Arm[] = [
      { name: "direct", endpoint: bench.direct },
      { name: "freshet hit", endpoint, freshet },
    ];
    for (const mode of ["prepared", "simple"] as const) {
      await compare(bench, "film", mode, arms, pgbenchLoad({ script, mode }));
    }
  },
};
