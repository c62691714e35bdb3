import type { ExactTextRouter } from "./exact-text-router.ts";

interface Upstream {
  url(): string;
  stop(): Promise<void>;
}

interface Adapter {
  readonly port: number;
  close(drainMs: number): Promise<void>;
}

interface ConnectingRouter extends ExactTextRouter {
  connect(): Promise<void>;
  close(): Promise<void>;
}

/** The options every adapter under test has; a test may overwrite each. */
export interface BaseOptions {
  readonly router: ExactTextRouter;
  readonly upstreamUrl: string;
  readonly users: ReadonlyMap<string, string>;
  readonly address: string;
  readonly port: number;
}

export interface Setup<Server, TestRouter, Tested, Options> {
  readonly upstream: Server;
  readonly router: TestRouter;
  readonly scheme: string;
  /** Owner of the upstream and their password. */
  readonly owner: string;
  readonly database: string;
  start(base: BaseOptions, more: Partial<Options>): Promise<Tested>;
}

export interface UnderTest<Server, TestRouter, Tested, Options> {
  readonly upstream: Server;
  readonly router: TestRouter;
  readonly adapter: Tested;
  /** Of the adapter. */
  url(database?: string, user?: string, password?: string): string;
  /** Another adapter before the same upstream and router. */
  another(options: Partial<Options>): Promise<Tested>;
  stop(): Promise<void>;
}

/** A real upstream, an adapter before it, and a router whose caches the test chooses. */
export async function underTest<
  Server extends Upstream,
  TestRouter extends ConnectingRouter,
  Tested extends Adapter,
  Options,
>(
  setup: Setup<Server, TestRouter, Tested, Options>,
): Promise<UnderTest<Server, TestRouter, Tested, Options>> {
  const { upstream, router, scheme, owner } = setup;
  await router.connect();
  const base = {
    router,
    upstreamUrl: upstream.url(),
    users: new Map([[owner, owner]]),
    address: "127.0.0.1",
    port: 0,
  };
  const adapters: Tested[] = [];
  const another = async (more: Partial<Options>) => {
    const adapter = await setup.start(base, more);
    adapters.push(adapter);
    return adapter;
  };
  const adapter = await another({});
  return {
    upstream,
    router,
    adapter,
    url: (database = setup.database, user = owner, password = owner) =>
      `${scheme}://${user}:${password}@127.0.0.1:${adapter.port}/${database}`,
    another,
    stop: async () => {
      await Promise.all(adapters.map((one) => one.close(0)));
      await router.close();
      await upstream.stop();
    },
  };
}
