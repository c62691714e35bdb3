import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { OracleDialect, OracleServer } from "../../oracle/dialect.ts";
import { runHistory } from "../../oracle/history.ts";
import { MYSQL } from "../../oracle/mysql/dialect.ts";
import { runOracle } from "../../oracle/oracle.ts";
import { POSTGRES } from "../../oracle/postgres/dialect.ts";
import { Stats } from "../../oracle/stats.ts";
import { ClusterProducts } from "./cluster-products.ts";

/** A short run: `npm run oracle -- --cluster --minutes 60` is the long one. */
let products: ClusterProducts;
beforeAll(async () => {
  products = await ClusterProducts.start({ adapters: 2, servers: 1 });
});
afterAll(() => products?.stop());

interface Case {
  readonly name: string;
  readonly dialect: OracleDialect;
  readonly start: () => Promise<OracleServer>;
}

const CASES: readonly Case[] = [
  { name: "Postgres", dialect: POSTGRES, start: () => EmbeddedPostgres.start({ major: 18 }) },
  { name: "MySQL", dialect: MYSQL, start: () => EmbeddedMysql.start({ flavour: "mysql" }) },
];

it.for(CASES)(
  "every adapter of a cluster answers as $name itself",
  { timeout: 240_000 },
  async ({ dialect, start }) => {
    const server = await start();
    const common = { dialect, server, product: products.product };
    try {
      const found = await runOracle({
        ...{ ...common, seed: 20_261, limitMs: 10_000, historyMs: 2_000, shrinkLimitMs: 20_000 },
        size: { queries: 8, rounds: 3, transactions: 5, checks: 3 },
        say: (line) => process.stdout.write(`${line}\n`),
      });
      expect(found.map(({ mismatch }) => mismatch)).toEqual([]);
      const stats = new Stats();
      expect(await runHistory({ ...common, seed: 1, limitMs: 3_000, stats })).toBeNull();
      expect(stats.historyHits).toBeGreaterThan(stats.historyReads / 2);
    } finally {
      await server.stop();
    }
  },
);
