import { once } from "node:events";
import { Site } from "./site.ts";

/** Runs until it is told to end. */
export async function runUp(options: {
  readonly adapters: number;
  readonly servers: number;
  readonly namespaces: boolean;
  readonly say: (line: string) => void;
}): Promise<readonly string[]> {
  const { say, ...rest } = options;
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const site = await Site.start({ ...rest, haproxy: true });
  try {
    const { cluster, consul, dialects } = site;
    say(`Consul: http://${consul.address}`);
    for (const dialect of dialects) {
      say(`${dialect} itself: ${site.upstreamUrl(dialect)}`);
      say(`${dialect} through HAProxy: ${site.url(dialect)}`);
      for (const adapter of cluster.adapters) {
        say(`${dialect} through ${adapter.name}: ${cluster.url(adapter, dialect)}`);
      }
    }
    for (const { name, pid, adminAddress } of cluster.members) {
      say(`${name}: pid ${pid}, http://${adminAddress}/metrics`);
    }
    say(`${(await cluster.leader())?.name ?? "nobody"} leads`);
    await stopped;
    return [];
  } finally {
    await site.stop();
  }
}
