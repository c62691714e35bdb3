import { setTimeout as delay } from "node:timers/promises";
import { upstreamName } from "@freshet/config";
import { dialTcp, type ToAdapter } from "@freshet/rpc";
import { encodeParamKey } from "@freshet/types";
import { must, silentLogger, systemClock } from "@freshet/util";
import { cpuMicrosOf } from "../../bench/tools/cpu-time.ts";
import { connect } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { ask, execute } from "../ask.ts";
import { type Cluster, RPC_SECRET } from "../cluster.ts";
import { leaderLock } from "../leader-lock.ts";
import { Site } from "../site.ts";

export interface PublicationRow {
  readonly links: number;
  readonly commits: number;
  /** Publications of the hot key that reached the links, over all of them. */
  readonly received: number;
  /** CPU time of the server process for each commit. */
  readonly microsPerCommit: number;
}

const COMMITS_PER_SECOND = 200;
const CACHE = "scale_hot";
const SETTLE_MS = 1_000;

/** One hot key that so many adapters hold, changed at a steady rate. */
export async function measurePublications(
  counts: readonly number[],
  seconds: number,
): Promise<readonly PublicationRow[]> {
  const site = await Site.start({ dialects: ["postgres"], adapters: 1, servers: 1 });
  const rows: PublicationRow[] = [];
  try {
    await execute(
      site.upstreamUrl("postgres"),
      "CREATE TABLE scale_hot (id int PRIMARY KEY, n int, filler varchar(200))",
      "INSERT INTO scale_hot VALUES (1, 0, repeat('x', 200))",
    );
    const [url] = site.adapterUrls("postgres");
    await ask(url!, `CREATE CACHE ${CACHE} FROM SELECT n, filler FROM scale_hot WHERE id = $1`);
    for (const links of counts) rows.push(await measure(site, links, seconds));
    return rows;
  } finally {
    await site.stop();
  }
}

async function measure(site: Site, links: number, seconds: number): Promise<PublicationRow> {
  const server = site.cluster.servers[0]!;
  const stopped = new AbortController();
  const subscribers = await subscribe(site.cluster, links, stopped.signal);
  await delay(SETTLE_MS);
  const writer = await connect(site.upstreamUrl("postgres"));
  try {
    const before = must(await cpuMicrosOf(server.pid), "the server's CPU time");
    const startedMs = performance.now();
    let commits = 0;
    while (performance.now() - startedMs < seconds * 1_000) {
      await writer.query("UPDATE scale_hot SET n = n + 1 WHERE id = 1");
      commits += 1;
      const dueMs = startedMs + (commits / COMMITS_PER_SECOND) * 1_000;
      await delay(Math.max(0, dueMs - performance.now()));
    }
    await delay(SETTLE_MS);
    const after = must(await cpuMicrosOf(server.pid), "the server's CPU time");
    const received = subscribers.reduce((sum, each) => sum + each.received, 0);
    return { links, commits, received, microsPerCommit: (after - before) / commits };
  } finally {
    await writer.end();
    stopped.abort();
    for (const { close } of subscribers) close();
  }
}

interface Subscriber {
  received: number;
  readonly close: () => void;
}

async function subscribe(
  cluster: Cluster,
  count: number,
  signal: AbortSignal,
): Promise<readonly Subscriber[]> {
  const { consulAddress, deployment } = cluster.options;
  const leader = must(await leaderLock(consulAddress, deployment), "a server leads");
  const subscribers: Subscriber[] = [];
  for (let number = 1; number <= count; number += 1) {
    const link = await dialTcp({
      address: must(leader.addresses?.["postgres"], "the leader has an address"),
      identity: {
        ...{ product: "scale", deployment, member: `link ${number}`, dialect: "postgres" },
        ...{
          region: "default",
          database: upstreamName(
            must(cluster.options.upstreamUrls.get("postgres"), "Postgres is served"),
          ),
        },
      },
      security: { secret: RPC_SECRET, tls: null },
      ...{ timeoutMs: 10_000, term: leader.token, logger: silentLogger, clock: systemClock },
      signal,
    });
    const subscriber = { received: 0, close: () => link.close() };
    subscribers.push(subscriber);
    let filled = false;
    link.onMessage((message: ToAdapter) => {
      if (message.kind === "welcome") {
        const cache = must(
          message.caches.find(({ name }) => name === CACHE),
          "the cache is known",
        );
        const params = ["1"];
        const key = encodeParamKey(params);
        link.send({ kind: "fill", request: 1, cache: cache.id, key, params });
      } else if (message.kind === "filled") filled = true;
      else if (message.kind === "publish") subscriber.received += message.entries.length;
    });
    link.send({ kind: "hello", version: link.protocol, adapter: `link ${number}` });
    await eventually(() =>
      filled ? Promise.resolve() : Promise.reject(new Error(`link ${number} is not filled`)),
    );
  }
  return subscribers;
}
