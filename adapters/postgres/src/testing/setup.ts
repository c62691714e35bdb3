import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import type { Router } from "@freshet/adapter-core";
import { startPostgresAdapter } from "../adapter.ts";
import type { PostgresAdapter, PostgresAdapterOptions } from "../options.ts";
import { CachedQueryRouter } from "./cached-query-router.ts";

export interface AdapterUnderTest {
  readonly upstream: EmbeddedPostgres;
  readonly router: CachedQueryRouter;
  readonly adapter: PostgresAdapter;
  /** Of the adapter. */
  url(database?: string, user?: string, password?: string): string;
  /** Another adapter before the same upstream and router. */
  another(options: Partial<PostgresAdapterOptions>): Promise<PostgresAdapter>;
  stop(): Promise<void>;
}

/** A real upstream, an adapter before it, and a router whose caches the test chooses. */
export async function adapterUnderTest(
  options: Partial<PostgresAdapterOptions> = {},
): Promise<AdapterUnderTest> {
  const upstream = await EmbeddedPostgres.start({ major: 18 });
  const router = new CachedQueryRouter(upstream.url());
  await router.connect();
  const adapters: PostgresAdapter[] = [];
  const start = async (more: Partial<PostgresAdapterOptions>) => {
    const adapter = await startPostgresAdapter({
      router: router as Router,
      upstreamUrl: upstream.url(),
      users: new Map([["postgres", "postgres"]]),
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
    url: (database = "postgres", user = "postgres", password = "postgres") =>
      `postgres://${user}:${password}@127.0.0.1:${adapter.port}/${database}`,
    another: start,
    stop: async () => {
      await Promise.all(adapters.map((one) => one.close(0)));
      await router.close();
      await upstream.stop();
    },
  };
}
