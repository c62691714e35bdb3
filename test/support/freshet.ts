import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRouter } from "@freshet/adapter-core";
import { adapterDialect, type Listener } from "@freshet/cli";
import { dialectOfUrl } from "@freshet/config";
import { pairedLinks, type ToAdapter, type ToServer } from "@freshet/rpc";
import { type Engine, type EngineOptions, startEngine } from "@freshet/server";
import { type Logger, must, silentLogger } from "@freshet/util";

export interface TestFreshet {
  readonly engine: Engine;
  readonly adapter: Listener;
  readonly port: number;
  readonly storageDir: string;
  url(database?: string): string;
  stop(options?: { readonly keepStorage?: boolean }): Promise<void>;
}

/**
 * Engine, router and listener in this thread, joined by an in-memory link: the same parts as
 * combined mode without worker threads, so that a test can look inside.
 */
export async function startFreshet(options: {
  readonly upstreamUrl: string;
  readonly users?: ReadonlyMap<string, string>;
  readonly storageDir?: string;
  readonly deployment?: string;
  readonly logger?: Logger;
  /** For filled keys in the engine; small ones make it evict. */
  readonly memoryLimitBytes?: number;
  /** What else the engine is told, as in separate mode. */
  readonly engine?: Partial<EngineOptions>;
}): Promise<TestFreshet> {
  const storageDir = options.storageDir ?? (await mkdtemp(join(tmpdir(), "freshet-store-")));
  const logger = options.logger ?? silentLogger;
  const dialect = adapterDialect(
    must(dialectOfUrl(options.upstreamUrl), "the URL names a dialect"),
  );
  const engine = await startEngine({
    upstreamUrl: options.upstreamUrl,
    deployment: options.deployment ?? "test",
    storageDir,
    memoryLimitBytes: options.memoryLimitBytes ?? 512 << 20,
    logger,
    ...options.engine,
  });
  await engine.ready;
  const [adapterLink, serverLink] = pairedLinks<ToServer, ToAdapter>();
  const router = createRouter({
    link: adapterLink,
    adapter: "test",
    ...dialect.reading,
    logger,
  });
  engine.attach(serverLink, "test");
  const upstream = new URL(options.upstreamUrl);
  const users = options.users ?? new Map([[upstream.username, upstream.password]]);
  const adapter = await dialect.start({
    router,
    upstreamUrl: options.upstreamUrl,
    users,
    address: "127.0.0.1",
    port: 0,
    logger,
  });
  return {
    engine,
    adapter,
    port: adapter.port,
    storageDir,
    url: (database = upstream.pathname.slice(1)) =>
      `${upstream.protocol}//${upstream.username}:${upstream.password}@127.0.0.1:${adapter.port}/${database}`,
    async stop({ keepStorage = false } = {}) {
      await adapter.close(1_000);
      await router.close();
      await engine.close();
      if (!keepStorage) await rm(storageDir, { recursive: true, force: true });
    },
  };
}
