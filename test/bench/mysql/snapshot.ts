import { mysqlQuery } from "../../support/mysql-database.ts";
import type { Scenario } from "../bench.ts";
import { measureCopies } from "../scenarios/snapshot.ts";

/** The first copy of a narrow table, as CREATE CACHE waits for it. */
export const snapshot: Scenario = {
  name: "snapshot",
  needs: [],
  async run(bench, outer) {
    const { copyRows } = bench.options;
    const digits =
      "(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    const numbers = Array.from({ length: 7 }, (_, power) => `t${power}.d * ${10 ** power}`);
    const tables = Array.from({ length: 7 }, (_, power) => `${digits} t${power}`);
    await mysqlQuery(
      bench.url,
      "DROP TABLE IF EXISTS bench_narrow",
      "CREATE TABLE bench_narrow (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL)",
      `INSERT INTO bench_narrow SELECT n, n % 1000, n % 77 FROM
        (SELECT ${numbers.join(" + ")} AS n FROM ${tables.join(", ")}) x WHERE n < ${copyRows}`,
      "ANALYZE TABLE bench_narrow",
    );
    await measureCopies(bench, outer, "SELECT a, b FROM bench_narrow WHERE id = ?");
  },
};
