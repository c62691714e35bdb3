import { EmbeddedMysql, type MysqlFlavour } from "@freshet/cli/embedded-mysql";
import type { Router } from "@freshet/adapter-core";
import { startMysqlAdapter } from "../adapter.ts";
import type { MysqlAdapter, MysqlAdapterOptions } from "../options.ts";
import { CachedQueryRouter } from "./cached-query-router.ts";

export const FLAVOURS: readonly MysqlFlavour[] = ["mysql", "mariadb"];

export interface AdapterUnderTest {
  readonly upstream: EmbeddedMysql;
  readonly router: CachedQueryRouter;
  readonly adapter: MysqlAdapter;
  /** Of the adapter. */
  url(database?: string, user?: string, password?: string): string;
  /** Another adapter before the same upstream and router. */
  another(options: Partial<MysqlAdapterOptions>): Promise<MysqlAdapter>;
  stop(): Promise<void>;
}

/** A real upstream, an adapter before it, and a router whose caches the test chooses. */
export async function adapterUnderTest(
  flavour: MysqlFlavour,
  options: Partial<MysqlAdapterOptions> = {},
): Promise<AdapterUnderTest> {
  const upstream = await EmbeddedMysql.start({ flavour });
  const router = new CachedQueryRouter(upstream.url());
  await router.connect();
  const adapters: MysqlAdapter[] = [];
  const start = async (more: Partial<MysqlAdapterOptions>) => {
    const adapter = await startMysqlAdapter({
      router: router as Router,
      upstreamUrl: upstream.url(),
      users: new Map([["root", "root"]]),
      address: "127.0.0.1",
      port: 0,
      ...options,
      ...more,
    });
    adapters.push(adapter);
    return adapter;
  };
  const adapter = await start({});
  return {
    upstream,
    router,
    adapter,
    url: (database = "test", user = "root", password = "root") =>
      `mysql://${user}:${password}@127.0.0.1:${adapter.port}/${database}`,
    another: start,
    stop: async () => {
      await Promise.all(adapters.map((one) => one.close(0)));
      await router.close();
      await upstream.stop();
    },
  };
}
