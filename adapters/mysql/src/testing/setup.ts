import { EmbeddedMysql, type MysqlFlavour } from "@freshet/cli/embedded-mysql";
import { underTest, type UnderTest } from "../../../core/src/testing/setup.ts";
import { startMysqlAdapter } from "../adapter.ts";
import type { MysqlAdapter, MysqlAdapterOptions } from "../options.ts";
import { CachedQueryRouter } from "./cached-query-router.ts";

export const FLAVOURS: readonly MysqlFlavour[] = ["mysql", "mariadb"];

export type AdapterUnderTest = UnderTest<
  EmbeddedMysql,
  CachedQueryRouter,
  MysqlAdapter,
  MysqlAdapterOptions
>;

export async function adapterUnderTest(
  flavour: MysqlFlavour,
  options: Partial<MysqlAdapterOptions> = {},
): Promise<AdapterUnderTest> {
  const upstream = await EmbeddedMysql.start({ flavour });
  return underTest({
    upstream,
    router: new CachedQueryRouter(upstream.url()),
    scheme: "mysql",
    owner: "root",
    database: "test",
    start: (base, more: Partial<MysqlAdapterOptions>) =>
      startMysqlAdapter({ ...base, ...options, ...more }),
  });
}
