import { EmbeddedConsul } from "@freshet/cli/embedded-consul";
import { dialectOfUrl } from "@freshet/config";
import { must } from "@freshet/util";
import type { Product, StartProduct } from "../../oracle/product.ts";
import { Cluster } from "../cluster.ts";

export interface ClusterSize {
  readonly adapters: number;
  readonly servers: number;
}

/**
 * For the oracle: every database gets a cluster of its own, all of them in one Consul. Its adapters
 * are the addresses that must answer alike.
 */
export class ClusterProducts {
  readonly #consul: EmbeddedConsul;
  readonly #size: ClusterSize;
  readonly #running = new Set<Cluster>();

  private constructor(consul: EmbeddedConsul, size: ClusterSize) {
    this.#consul = consul;
    this.#size = size;
  }

  static async start(size: ClusterSize = { adapters: 3, servers: 2 }): Promise<ClusterProducts> {
    return new ClusterProducts(await EmbeddedConsul.start(), size);
  }

  readonly product: StartProduct = async (options): Promise<Product> => {
    const { upstreamUrl, storageDir, deployment, memoryLimitBytes } = options;
    const dialect = must(dialectOfUrl(upstreamUrl), "the URL names a dialect");
    const cluster = await Cluster.start({
      ...{ deployment, storageDir, consulAddress: this.#consul.address, ...this.#size },
      upstreamUrls: new Map([[dialect, upstreamUrl]]),
      serverArgs: ["--memory-limit", String(memoryLimitBytes)],
      adapterArgs: ["--drain-delay", "0s", "--drain-timeout", "1s"],
    });
    this.#running.add(cluster);
    try {
      await cluster.ready();
      await cluster.linked();
    } catch (error) {
      await this.#end(cluster);
      throw error;
    }
    return {
      urls: cluster.adapters.map((adapter) => cluster.url(adapter, dialect)),
      // The deployment's directory is removed by who made it.
      stop: () => this.#end(cluster),
      diagnosis: () => cluster.said(cluster.servers),
    };
  };

  /** In order, so that slots and locks are free at once. */
  async #end(cluster: Cluster): Promise<void> {
    await Promise.all(cluster.members.map((member) => member.term(10_000)));
    await cluster.stop();
    this.#running.delete(cluster);
  }

  async stop(): Promise<void> {
    for (const cluster of this.#running) await cluster.stop();
    await this.#consul.stop();
  }
}
