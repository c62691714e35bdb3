import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { underTest, type UnderTest } from "../../../core/src/testing/setup.ts";
import { startPostgresAdapter } from "../adapter.ts";
import type { PostgresAdapter, PostgresAdapterOptions } from "../options.ts";
import { CachedQueryRouter } from "./cached-query-router.ts";

export type AdapterUnderTest = UnderTest<
  EmbeddedPostgres,
  CachedQueryRouter,
  PostgresAdapter,
  PostgresAdapterOptions
>;

export async function adapterUnderTest(
  options: Partial<PostgresAdapterOptions> = {},
): Promise<AdapterUnderTest> {
  const upstream = await EmbeddedPostgres.start({ major: 18 });
  return underTest({
    upstream,
    router: new CachedQueryRouter(upstream.url()),
    scheme: "postgres",
    owner: "postgres",
    database: "postgres",
    start: (base, more: Partial<PostgresAdapterOptions>) =>
      startPostgresAdapter({ ...base, ...options, ...more }),
  });
}
