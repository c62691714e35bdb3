import type { Clock } from "@freshet/util";
import type { CacheRegistry } from "./cache-registry.ts";
import type { ConnectionList } from "./options.ts";
import type { ProxiedQueries } from "./proxied-queries.ts";
import type { ServerConnection } from "./server-connection.ts";

export interface ReporterOptions {
  readonly connection: ServerConnection;
  readonly registry: CacheRegistry;
  readonly proxied: ProxiedQueries;
  readonly connections: () => ConnectionList;
  readonly clock: Clock;
  readonly intervalMs: number;
}

/** Tells the server about once a second what was hit and forwarded since, and who is here. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #lastConnections = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Reports at once. Without a link the counts stay for the next one. */
  report(): void {
    const { connection, registry, proxied } = this.#options;
    if (!connection.connected) return;
    const hits = [];
    for (const state of registry.all()) {
      if (state.hits > 0) hits.push({ cache: state.definition.id, count: state.hits });
      state.hits = 0;
    }
    const connections = this.#options.connections();
    const counts = proxied.take();
    const news = hits.length > 0 || counts.length > 0 || connections.length > 0;
    if (!news && this.#lastConnections === 0) return;
    this.#lastConnections = connections.length;
    connection.send({ kind: "report", proxied: counts, hits, connections });
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#options.clock.wait(this.#options.intervalMs, signal);
      if (!signal.aborted) this.report();
    }
  }
}
